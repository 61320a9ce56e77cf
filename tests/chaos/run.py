"""One chaos run, from the start of a Creator to the verdict."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.services import accounts, servers
from creator_app.services.passwords import PasswordHash, hash_password
from creator_app.services.unit_of_work import Work
from tests.chaos import audit, table
from tests.chaos.audit import Verdict
from tests.chaos.engines import OutsideEngine, outside_engines
from tests.chaos.faults import Saboteur
from tests.chaos.load import Ledger, User
from tests.chaos.plan import make_plan
from tests.chaos.recovery import Histories, Recovery, recoveries
from tests.chaos.watch import Watch
from tests.peers.creator import RunningCreator, start_creator

WORST_RECOVERY_S = 60.0


@dataclass(frozen=True)
class Scale:
    """How big a run is.

    Attributes:
        jobs: handed in altogether.
        users: who hand them in.
        workers: of Creator.
        engines: beside the embedded one.
        lease_s: of a runner, in seconds.
        backlog: jobs that are open at the same time.
        settle_s: how long after the last submission all must be in a final state.
    """

    jobs: int
    users: int
    workers: int
    engines: int
    lease_s: float
    backlog: int
    settle_s: float


SHORT = Scale(jobs=60, users=3, workers=3, engines=1, lease_s=3, backlog=20, settle_s=60)
FULL = Scale(jobs=500, users=5, workers=4, engines=2, lease_s=10, backlog=30, settle_s=180)


@dataclass(frozen=True)
class Report:
    """What came of a run: a text for people, and a sentence for each broken promise."""

    text: str
    broken: list[str]


def run(home: Path, seed: int, scale: Scale, database_url: str = "") -> Report:
    """Starts a Creator, hurts it while jobs run, and looks at what is left.

    Args:
        home: an empty folder.
        seed: of faults and load.
        scale: how big.
        database_url: an empty database; Creator's own SQLite where left out.
    """
    points = home / "crash"
    settings = {
        "CRASH_POINTS_DIR": str(points),
        "WORKERS": str(scale.workers),
        "LEASE_SECONDS": str(scale.lease_s),
        "SWEEP_SECONDS": "1",
        "DATABASE_URL": database_url,
    }
    with (
        outside_engines(scale.engines, home / "outside") as engines,
        start_creator(home / "creator", None, **settings) as creator,
        Watch(_creator(creator.home, database_url).settings.database_url, creator.home, points) as watch,
    ):
        keys = _prepare(_creator(creator.home, database_url), engines, scale.users)
        saboteur = Saboteur(creator, engines, watch, scale.workers, scale.lease_s)
        return _hurt(creator, saboteur, keys, seed, scale)


def _hurt(creator: RunningCreator, saboteur: Saboteur, keys: list[str], seed: int, scale: Scale) -> Report:
    watch, ledger, began = saboteur.watch, Ledger(), datetime.now(UTC)
    users = [
        User(n, creator.url, key, seed, _share(scale.jobs, n, len(keys)), _room(watch, scale), ledger)
        for n, key in enumerate(keys)
    ]
    threads = [user.start() for user in users]
    saboteur.carry_out(make_plan(seed, scale.jobs), lambda: any(one.is_alive() for one in threads))
    for thread in threads:
        thread.join()
    saboteur.mend()
    watch.await_ended(scale.settle_s)
    took = datetime.now(UTC) - began
    rows = audit.read(watch.url)
    found = recoveries(saboteur.harms, watch.hits, ledger.accepted, Histories(rows.events))
    with _clients(users) as clients:
        verdicts = [
            *audit.of_database(rows, ledger.accepted),
            audit.of_outputs(rows, ledger.accepted, clients),
            audit.of_engines(watch.server_urls()),
            Verdict("never two valid leases, never more runs than slots (watched)", watch.broken),
            Verdict("every answer was one that a program can act on", ledger.broken),
            _all_points_hit(saboteur, watch),
            _quick_enough(found),
        ]
    text = [
        table.of_jobs(rows, ledger, took),
        table.of_recoveries(found, saboteur.armed, saboteur.missed),
        f"{watch.looks} looks at leases and slots while it ran",
        table.of_verdicts(verdicts),
    ]
    return Report("\n\n".join(text), audit.sentences(verdicts))


def _creator(home: Path, database_url: str) -> Creator:
    return Creator(Settings(creator_home=home, database_url=database_url, encryption_keys=[]))


def _prepare(creator: Creator, engines: list[OutsideEngine], users: int) -> list[str]:
    """Adds the engines to the pool and makes users, as the command line does; gives the users' keys."""
    password = hash_password("a password that nobody uses")
    try:
        with creator.uow.write() as work:
            for engine in engines:
                servers.add(work, engine.line.url, creator.encryptor.encrypt_dict, name=engine.folder.name)
            return [_user_key(work, number, password) for number in range(users)]
    finally:
        creator.database.close()


def _user_key(work: Work, number: int, password: PasswordHash) -> str:
    user = accounts.add_user(work, f"user{number}@example.org", password, admin=False, verified=True)
    return accounts.create_api_key(work, user, "chaos", None)[1]


def _share(jobs: int, number: int, users: int) -> int:
    return jobs // users + (1 if number < jobs % users else 0)


def _room(watch: Watch, scale: Scale) -> Callable[[], bool]:
    def room() -> bool:
        return watch.open < scale.backlog

    return room


@contextmanager
def _clients(users: list[User]) -> Iterator[list[httpx.Client]]:
    clients = [user.client() for user in users]
    yield clients
    for client in clients:
        client.close()


def _all_points_hit(saboteur: Saboteur, watch: Watch) -> Verdict:
    hit = {hit.point for hit in watch.hits}
    missing = [f"{point} was armed and never reached" for point in sorted(set(saboteur.armed) - hit)]
    return Verdict("every armed crash point was reached", missing)


def _quick_enough(found: list[Recovery]) -> Verdict:
    slow = [
        f"{max(one.seconds):.0f} s after {one.kind}"
        for one in found
        if one.seconds and max(one.seconds) > WORST_RECOVERY_S
    ]
    return Verdict(f"what a fault hit went on within {WORST_RECOVERY_S:.0f} s", slow)
