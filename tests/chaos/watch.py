"""Looks at the database all the time while things go wrong: leases, slots, how far the jobs are."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from creator_app.domain.job_state import ACTIVE, LEASED, JobStatus
from creator_app.infrastructure.database import Database, db_now
from creator_app.models import ComfyServer, Job, JobAttempt

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Leased:
    """A job that was being worked on at some moment, and where."""

    job_id: UUID
    server_url: str


@dataclass(frozen=True)
class Hit:
    """A process died at a crash point.

    Attributes:
        point: which.
        at: when it was seen, UTC.
        in_web: whether it was the web server.
        leased: what was being worked on then.
    """

    point: str
    at: datetime
    in_web: bool
    leased: tuple[Leased, ...]


@dataclass
class _Lease:
    """An attempt's lease as it was last seen."""

    token: str
    until: datetime


@dataclass
class Watch:
    """Use it as a context manager: it looks from a thread of its own.

    Args:
        url: of the database.
        home: Creator's.
        points: where crash points are armed and their hits noted.

    Attributes:
        ended: jobs in a final state.
        open: jobs that are not.
        looks: how often it has looked.
        broken: what it saw that must never be, a sentence each.
        hits: of crash points.
    """

    url: str
    home: Path
    points: Path
    ended: int = 0
    open: int = 0
    looks: int = 0
    broken: list[str] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    _leases: dict[UUID, _Lease] = field(default_factory=dict)
    _web_pids: set[int] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self._database = Database(self.url)
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(15)
        self._database.close()

    def leased(self) -> tuple[Leased, ...]:
        """What is being worked on now."""
        with self._database.read() as session:
            return self._leased(session)

    def server_urls(self) -> list[str]:
        """The addresses of all servers in the pool."""
        with self._database.read() as session:
            return list(session.exec(select(ComfyServer.url)))

    def await_ended(self, within_s: float) -> bool:
        """Waits until no job is open; whether that came about."""
        deadline = time.monotonic() + within_s
        seen = self.looks
        while time.monotonic() < deadline:
            if self.looks > seen + 1 and self.open == 0:
                return True
            time.sleep(_LOOK_EVERY_S)
        return False

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            try:
                with self._database.read() as session:
                    self._look(session)
            except SQLAlchemyError:  # busy for once: the next look is soon
                continue

    def _look(self, session: Session) -> None:
        counts = dict(session.exec(select(Job.status, sa.func.count()).group_by(Job.status)).all())
        self.open = sum(count for status, count in counts.items() if JobStatus(status) in ACTIVE)
        self.ended = sum(counts.values()) - self.open
        self._note_web()
        self._note_hits(session)
        attempts = session.exec(select(JobAttempt).where(JobAttempt.state == "running")).all()
        now = db_now(session)
        self._check_leases(attempts, now)
        self._check_slots(session, attempts)
        self.looks += 1

    def _check_leases(self, attempts: Sequence[JobAttempt], now: datetime) -> None:
        valid = Counter(one.job_id for one in attempts if one.lease_expires_at > now)
        for job_id, count in valid.items():
            if count > 1:
                self._tell(f"job {job_id} had {count} valid leases at {now:%H:%M:%S}")
        for one in attempts:
            before = self._leases.get(one.id)
            if before and before.token != one.lease_token and now < before.until:
                self._tell(f"attempt {one.id} was taken over {before.until - now} before its lease ran out")
            self._leases[one.id] = _Lease(one.lease_token, one.lease_expires_at)

    def _check_slots(self, session: Session, attempts: Sequence[JobAttempt]) -> None:
        slots = dict(session.exec(select(ComfyServer.id, ComfyServer.slots)).all())
        running = set(session.exec(select(Job.attempt_id).where(Job.status == JobStatus.RUNNING.value)))
        taken = Counter(one.server_id for one in attempts if one.id in running)
        for server_id, count in taken.items():
            if server_id is not None and count > slots.get(server_id, count):
                self._tell(f"server {server_id} ran {count} prompts in {slots[server_id]} slot(s)")

    def _note_web(self) -> None:
        try:
            self._web_pids.add(int((self.home / "run" / "web.pid").read_text()))
        except (OSError, ValueError):  # it is being written
            return

    def _note_hits(self, session: Session) -> None:
        log = self.points / "hits.log"
        lines = log.read_text().splitlines() if log.exists() else []
        for line in lines[len(self.hits) :]:
            point, pid = line.split()
            in_web = int(pid) in self._web_pids
            self.hits.append(Hit(point, datetime.now(UTC), in_web, self._leased(session)))

    def _leased(self, session: Session) -> tuple[Leased, ...]:
        statement = (
            select(Job.id, JobAttempt.server_url)
            .join(JobAttempt, col(JobAttempt.id) == col(Job.attempt_id))
            .where(col(Job.status).in_([state.value for state in LEASED]))
        )
        return tuple(Leased(job_id, url) for job_id, url in session.exec(statement))

    def _tell(self, sentence: str) -> None:
        if sentence not in self.broken:
            self.broken.append(sentence)
