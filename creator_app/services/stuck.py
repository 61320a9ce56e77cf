"""Jobs that should have moved and did not. The list is empty in health; each line says what to look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from creator_app.domain.job_state import FINAL, LEASED, JobStatus
from creator_app.infrastructure.database import db_now
from creator_app.models import LINE, Job, JobAttempt, Scheduler
from creator_app.repositories.attempts import AttemptRepository
from creator_app.repositories.line import LineRepository
from creator_app.services import beats, claims, servers
from creator_app.services.unit_of_work import Work

#: The sweeper and the leases mend everything well within this.
_PATIENCE: Final = timedelta(seconds=60)
_AT_MOST: Final = 100


@dataclass(frozen=True)
class StuckJob:
    """A job that does not move.

    Attributes:
        job_id: which.
        status: its state.
        since: since when, as far as the rows tell.
        why: what is wrong, for the operator.
    """

    job_id: UUID
    status: str
    since: datetime
    why: str


def find(work: Work) -> list[StuckJob]:
    """The jobs that do not move, at most a hundred."""
    now = db_now(work.session)
    return [*_abandoned(work, now), *_not_started(work, now), *_slots_of_the_dead(work)][:_AT_MOST]


def _abandoned(work: Work, now: datetime) -> list[StuckJob]:
    statement = (
        select(Job, JobAttempt.lease_expires_at)
        .outerjoin(JobAttempt, col(JobAttempt.id) == col(Job.attempt_id))
        .where(col(Job.status).in_([state.value for state in LEASED]))
        .limit(_AT_MOST)
    )
    found = []
    for job, expires in work.session.exec(statement):
        if expires is None:
            found.append(StuckJob(job.id, job.status, job.created_at, "no attempt holds it"))
        elif expires < now - _PATIENCE:
            found.append(StuckJob(job.id, job.status, expires, "its lease ran out: does a worker run?"))
    return found


def _not_started(work: Work, now: datetime) -> list[StuckJob]:
    line = work.session.get(Scheduler, LINE)
    free = servers.free(work)
    if line is None or line.queue_paused or not free:
        return []
    workers = beats.workers(work)
    if workers and AttemptRepository(work.session).held_count(now) >= workers:
        return []  # a free server needs a free worker
    why = "no worker answers" if workers == 0 else "a server is free: does a worker run?"
    long_ago = now - _PATIENCE
    if not LineRepository(work.session).startable(long_ago, claims.free_servers(free)):
        return []
    return [
        StuckJob(job.id, job.status, job.available_at, why)
        for job in LineRepository(work.session).heads()
        if job.available_at < long_ago and job.created_at < long_ago
    ]


def _slots_of_the_dead(work: Work) -> list[StuckJob]:
    statement = (
        select(Job, JobAttempt.started_at)
        .join(JobAttempt, col(JobAttempt.job_id) == col(Job.id))
        .where(col(JobAttempt.slot).is_not(None))
        .where(
            (col(JobAttempt.state) == "ended")
            | col(Job.status).in_([state.value for state in FINAL])
            | (col(Job.status) == JobStatus.QUEUED.value)
        )
        .limit(_AT_MOST)
    )
    return [
        StuckJob(job.id, job.status, since, "it has ended and still takes a server's slot")
        for job, since in work.session.exec(statement)
    ]
