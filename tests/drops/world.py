"""A Creator with a courier of its own, and jobs that end when a test says so."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from PIL import Image
from sqlmodel import col, select, update

from creator_app.bootstrap import Creator
from creator_app.domain.job_state import JobStatus
from creator_app.models import Account, Asset, Delivery, DropFile, DropFolder, DropSource, Job, User
from creator_app.models.base import new_id, utcnow
from creator_app.services import errands, job_state, recipes
from creator_app.services.errands import Errand
from jobs_worker.courier.loop import Courier

PATIENCE_S = 20.0


def picture(color: int = 0, side: int = 48) -> bytes:
    """A PNG whose content depends on ``color``."""
    pixels = np.random.default_rng(color).integers(0, 255, (side, side, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _long_ago() -> datetime:
    return utcnow() - timedelta(minutes=1)


@dataclass
class Person:
    """Somebody with an account."""

    user_id: UUID
    account_id: UUID


class DropWorld:
    """Errands are done one by one, in the test's own thread, so that a test says what happens when."""

    def __init__(self, creator: Creator) -> None:
        self.creator = creator
        self.courier = Courier(creator)
        with creator.uow.write() as work:
            recipes.sync_shipped(work)

    def person(self, name: str = "ana", role: str = "admin") -> Person:
        with self.creator.uow.write() as work:
            account = Account(name=name)
            work.session.add(account)
            work.session.flush()
            user = User(account_id=account.id, email=f"{name}@example.org", password_hash="x", role=role)
            work.session.add(user)
            work.session.flush()
            return Person(user.id, account.id)

    def look(self) -> None:
        """Looks at every place, whether it is due or not."""
        with self.creator.uow.write() as work:
            work.session.execute(update(DropSource).values(next_look_at=_long_ago(), held_until=None))
        self._do("look")

    def list_all(self) -> None:
        """Looks at every place and lists every folder."""
        with self.creator.uow.write() as work:
            ago = _long_ago()
            work.session.execute(
                update(DropSource).values(next_look_at=ago, next_listing_at=ago, held_until=None)
            )
        self._do("look")

    def take(self) -> None:
        """Brings every file that waits as far as it can be brought."""
        self.make_due()
        self._do("take")

    def make_due(self) -> None:
        """As if the time of every waiting file had come."""
        with self.creator.uow.write() as work:
            work.session.execute(
                update(DropFile).where(col(DropFile.state) == "seen").values(next_at=_long_ago())
            )

    def rest(self, seconds: float = 60.0) -> None:
        """As if nothing had changed for some time."""
        with self.creator.uow.write() as work:
            for row in work.session.exec(select(DropFile).where(DropFile.state == "seen")):
                row.rested_since -= timedelta(seconds=seconds)
                row.seen_at -= timedelta(seconds=seconds)
                work.session.add(row)

    def settle(self) -> None:
        """What is there is seen, rests, and is taken."""
        self.list_all()
        self.rest()
        self.take()

    def deliver(self) -> None:
        """Brings everything that can be brought."""
        for _ in range(5):
            with self.creator.uow.write() as work:
                waiting = col(Delivery.state).in_(("waiting", "sending"))
                work.session.execute(update(Delivery).where(waiting).values(next_at=_long_ago()))
            if not self._do("deliver"):
                return

    def claim(self, desk: str) -> list[Errand]:
        one = next(one for one in self.courier._desks if one.name == desk)
        with self.creator.uow.write() as work:
            return one.claim(work, 500)

    def _do(self, desk: str) -> int:
        """Does what is due, each row once; gives how many that were."""
        one = next(one for one in self.courier._desks if one.name == desk)
        done: set[UUID] = set()
        while claimed := [errand for errand in self.claim(desk) if errand.row_id not in done]:
            for errand in claimed:
                one.act(errand)
                done.add(errand.row_id)
        return len(done)

    def drop_leases(self) -> None:
        """As if their holder had died long ago."""
        with self.creator.uow.write() as work:
            for table in (DropSource, DropFile, Delivery):
                work.session.execute(update(table).values(lease_until=None))

    def jobs(self) -> list[Job]:
        with self.creator.uow.read() as work:
            return list(work.session.exec(select(Job).order_by(col(Job.created_at), col(Job.id))))

    def files(self, state: str | None = None) -> list[DropFile]:
        with self.creator.uow.read() as work:
            rows = work.session.exec(select(DropFile).order_by(col(DropFile.seen_at), col(DropFile.id))).all()
            return [row for row in rows if state is None or row.state == state]

    def folder(self, slug: str) -> DropFolder:
        with self.creator.uow.read() as work:
            return work.session.exec(select(DropFolder).where(DropFolder.recipe_slug == slug)).one()

    def deliveries(self) -> list[Delivery]:
        with self.creator.uow.read() as work:
            return list(work.session.exec(select(Delivery).order_by(col(Delivery.created_at))))

    def change(self, slug: str, **values: Any) -> None:
        with self.creator.uow.write() as work:
            work.session.execute(
                update(DropFolder).where(col(DropFolder.recipe_slug) == slug).values(**values)
            )

    def succeed(self, job: Job, content: bytes | None = None) -> None:
        """The job ends well, with one result."""
        stored = self.creator.storage.put(f"jobs/{job.id}/x/0", content or picture(7), "image/png")
        asset = Asset(
            id=new_id(),
            account_id=job.account_id,
            kind="output",
            sha256=stored.sha256,
            size_bytes=stored.size,
            content_type="image/png",
            filename=f"{Path(job.inputs['image']['filename']).stem}-{job.recipe_slug}.png",
            storage_key=stored.key,
        )
        row = {"n": 0, "asset_id": str(asset.id), "filename": asset.filename, "content_type": "image/png"}
        with self.creator.uow.write() as work:
            work.session.add(asset)
            job_state.change(work, job.id, JobStatus.RUNNING)
            job_state.change(work, job.id, JobStatus.SAVING)
            job_state.change(
                work, job.id, JobStatus.SUCCEEDED, values={"outputs": [row], "finished_at": utcnow()}
            )

    def fail(self, job: Job, message: str = "The server ran out of memory.") -> None:
        """The job fails."""
        with self.creator.uow.write() as work:
            job_state.change(work, job.id, JobStatus.RUNNING)
            values = {
                "error_message": message,
                "error_hint": "Try a smaller picture.",
                "finished_at": utcnow(),
            }
            job_state.change(work, job.id, JobStatus.FAILED, values=values)


def eventually(ready: Callable[[], bool], what: str) -> None:
    """Waits for something that other threads or processes do."""
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


__all__ = ["DropWorld", "Person", "errands", "eventually", "picture"]
