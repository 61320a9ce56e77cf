"""A database with people, recipes and servers, and what is done with them in a line or two."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select, update

from creator_app.domain.job_state import JobStatus, Outcome
from creator_app.infrastructure.database import Database, db_now
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import (
    Account,
    ComfyServer,
    Job,
    JobAttempt,
    Recipe,
    RecipeVersion,
    ServerAbility,
    User,
)
from creator_app.services import claims, job_state, jobs
from creator_app.services.claims import Claim
from creator_app.services.recipes import PreparedJob
from creator_app.services.unit_of_work import Message, UnitOfWork

LEASE = timedelta(seconds=10)


class Heard:
    """Keeps what was told after commits."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def announce(self, message: Message) -> None:
        self.messages.append(message)


class LineWorld:
    """People and recipes are made when they are first named; servers by `server`."""

    def __init__(self, url: str) -> None:
        upgrade(url)
        self._begin(Database(url))

    @classmethod
    def around(cls, database: Database) -> "LineWorld":
        """One in a database that is there already."""
        world = cls.__new__(cls)
        world._begin(database)
        return world

    def _begin(self, database: Database) -> None:
        self.database = database
        self.heard = Heard()
        self.uow = UnitOfWork(self.database, self.heard)
        self.people: dict[str, tuple[UUID, UUID]] = {}
        self.versions: dict[str, UUID] = {}
        self.servers: dict[str, UUID] = {}

    def close(self) -> None:
        self.database.close()

    def person(self, name: str, **account: Any) -> tuple[UUID, UUID]:
        if name not in self.people:
            with self.uow.write() as work:
                row = Account(name=name, **account)
                work.session.add(row)
                work.session.flush()
                user = User(account_id=row.id, email=f"{name}@example.org")
                work.session.add(user)
                work.session.flush()
                self.people[name] = row.id, user.id
        return self.people[name]

    def version(self, slug: str) -> UUID:
        if slug not in self.versions:
            with self.uow.write() as work:
                recipe = Recipe(slug=slug, title=slug)
                work.session.add(recipe)
                work.session.flush()
                row = RecipeVersion(recipe_id=recipe.id, hash="0" * 64, manifest={}, workflow={})
                work.session.add(row)
                work.session.flush()
                self.versions[slug] = row.id
        return self.versions[slug]

    def server(self, name: str, can: Sequence[str] = ("a",), **row: Any) -> UUID:
        versions = [self.version(slug) for slug in can]
        with self.uow.write() as work:
            server = ComfyServer(url=f"http://{name}", name=name, **{"state": "online", **row})
            work.session.add(server)
            work.session.flush()
            work.session.add_all(
                ServerAbility(server_id=server.id, recipe_version_id=version_id, able=version_id in versions)
                for version_id in self.versions.values()
            )
            self.servers[name] = server.id
        return server.id

    def submit(self, person: str, recipe: str = "a", **row: Any) -> UUID:
        """Hands a job in; further columns of its row can be set."""
        account_id, user_id = self.person(person)
        prepared = PreparedJob(self.version(recipe), recipe, recipe, {}, 1)
        with self.uow.write() as work:
            job, _ = jobs.submit(work, account_id=account_id, user_id=user_id, recipe=prepared, source="api")
            if row:
                work.session.exec(update(Job).where(col(Job.id) == job.id).values(**row))
        return job.id

    def claim(self) -> Claim | None:
        with self.uow.write() as work:
            return claims.claim_next(work, LEASE)

    def whose(self, claim: Claim | None) -> str:
        """The name of the person whose job was claimed."""
        assert claim is not None
        return next(name for name, ids in self.people.items() if ids[0] == claim.job.account_id)

    def where(self, claim: Claim | None) -> str:
        """The name of the server that it was claimed for."""
        assert claim is not None
        return next(name for name, server_id in self.servers.items() if server_id == claim.server_id)

    def finish(self, claim: Claim | None, seconds: float = 1.0) -> None:
        assert claim is not None
        with self.uow.write() as work:
            claims.begin_saving(work, claim.fence)
            job_state.change(work, claim.job.id, JobStatus.SUCCEEDED, fence=claim.fence)
            claims.end_attempt(work, claim.attempt_id, Outcome.SUCCEEDED, run_seconds=seconds)

    def serve(self, number: int) -> list[str]:
        """Runs ``number`` jobs one after the other; whose they were."""
        found = []
        for _ in range(number):
            claim = self.claim()
            found.append(self.whose(claim))
            self.finish(claim)
        return found

    def expire(self, claim: Claim) -> None:
        with self.uow.write() as work:
            past = db_now(work.session) - timedelta(seconds=1)
            statement = update(JobAttempt).where(col(JobAttempt.id) == claim.attempt_id)
            work.session.exec(statement.values(lease_expires_at=past))

    def job(self, job_id: UUID) -> Job:
        with self.uow.read() as work:
            job = work.session.get(Job, job_id)
            assert job is not None
            return job

    def change(self, model: Any, row_id: UUID, **values: Any) -> None:
        with self.uow.write() as work:
            work.session.exec(update(model).where(model.id == row_id).values(**values))

    def every(self, model: Any) -> list[Any]:
        with self.uow.read() as work:
            return list(work.session.exec(select(model)))
