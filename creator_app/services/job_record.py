"""Everything that is known about a job, for operators: whose it is, where it ran, what it cost."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import String, cast, func, or_
from sqlmodel import col, select

from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.models import (
    ComfyServer,
    Delivery,
    Job,
    JobAttempt,
    JobEvent,
    LedgerEntry,
    RecipeVersion,
    User,
)
from creator_app.services import servers
from creator_app.services.unit_of_work import Work

#: The end of an id tells jobs apart: it is random, while the beginning is the time, which many share.
SHORT: Final = 8
_SHORTEST: Final = 4
_HEX: Final = re.compile(r"[0-9a-f]+")
_NAMED: Final = 5


class AttemptRecord(BaseModel):
    """One run of the job. ``server`` is its name, where it has one; it may have left the pool since."""

    number: int
    server: str | None
    server_url: str
    prompt_id: str
    state: str
    outcome: str | None
    error_kind: str | None
    error_detail: str | None
    started_at: datetime
    posted_at: datetime | None
    ended_at: datetime | None
    gpu_seconds: float | None
    takeovers: int
    cold: bool


class EventRecord(BaseModel):
    """A line of its history."""

    at: datetime
    kind: str
    from_status: str | None
    to_status: str | None
    data: dict[str, Any]


class EntryRecord(BaseModel):
    """A line of the ledger."""

    at: datetime
    kind: str
    credits: int


class DeliveryRecord(BaseModel):
    """A result on its way to somewhere, or a note about it."""

    kind: str
    what: str
    target: str
    state: str
    attempts: int
    last_error: str | None
    done_at: datetime | None


class JobRecord(BaseModel):
    """What the job's own view does not say.

    Attributes:
        account: the e-mail address of who handed it in.
        recipe_version: the beginning of its version's hash.
        source_ref: what the source calls the file.
        error_detail: the technical reason of a failure.
    """

    account: str
    account_id: UUID
    recipe_version: str | None
    source_ref: str | None
    error_detail: str | None
    attempts: list[AttemptRecord]
    history: list[EventRecord]
    ledger: list[EntryRecord]
    deliveries: list[DeliveryRecord]


def read(work: Work, job: Job) -> JobRecord:
    """Reads it all."""
    version = work.session.get(RecipeVersion, job.recipe_version_id)
    return JobRecord(
        account=owners(work, [job])[job.id],
        account_id=job.account_id,
        recipe_version=version.hash[:8] if version else None,
        source_ref=job.source_ref,
        error_detail=job.error_detail,
        attempts=_attempts(work, job),
        history=_history(work, job),
        ledger=_ledger(work, job),
        deliveries=_deliveries(work, job),
    )


def owners(work: Work, jobs: Sequence[Job]) -> dict[UUID, str]:
    """The e-mail address of who handed each job in, by job id."""
    wanted = {job.user_id for job in jobs}
    known = select(User.id, User.email).where(col(User.id).in_(wanted))
    emails = dict(work.session.exec(known).all())
    return {job.id: emails.get(job.user_id, "?") for job in jobs}


def find(work: Work, text: str) -> Job:
    """The job with this id, or the only one whose id ends or begins like this.

    Args:
        work: a transaction.
        text: at least four signs of the id.

    Raises:
        InvalidInput: this is no part of an id.
        NotFound: there is no such job.
        Conflict: several are meant.
    """
    part = text.strip().lower().replace("-", "")
    if not _HEX.fullmatch(part) or not _SHORTEST <= len(part) <= 32:
        raise InvalidInput(
            f'"{text[:60]}" is not the id of a job, nor a part of one.',
            hint=f"`jobs list` shows the ids; at least {_SHORTEST} signs of one are needed.",
        )
    digits = func.replace(func.lower(cast(col(Job.id), String)), "-", "")
    fits = or_(digits.like(f"{part}%"), digits.like(f"%{part}"))
    found = work.session.exec(select(Job).where(fits).order_by(col(Job.id)).limit(_NAMED + 1)).all()
    if not found:
        raise NotFound(f'There is no job "{text[:60]}".', hint="`jobs list` shows their ids.")
    if len(found) > 1:
        named = ", ".join(str(job.id) for job in found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
        raise Conflict(f'Several jobs are meant by "{text[:60]}": {named}.', hint="Give more of the id.")
    return found[0]


def short(job_id: UUID) -> str:
    """As much of an id as a person copies; `find` takes it."""
    return job_id.hex[-SHORT:]


def _attempts(work: Work, job: Job) -> list[AttemptRecord]:
    statement = (
        select(JobAttempt, ComfyServer)
        .outerjoin(ComfyServer, col(ComfyServer.id) == col(JobAttempt.server_id))
        .where(JobAttempt.job_id == job.id)
        .order_by(col(JobAttempt.number), col(JobAttempt.id))
    )
    return [
        AttemptRecord(
            server=servers.label(server) if server else None,
            **attempt.model_dump(include=set(AttemptRecord.model_fields)),
        )
        for attempt, server in work.session.exec(statement)
    ]


def _history(work: Work, job: Job) -> list[EventRecord]:
    statement = select(JobEvent).where(JobEvent.job_id == job.id).order_by(col(JobEvent.id))
    fields = set(EventRecord.model_fields)
    return [EventRecord(**row.model_dump(include=fields)) for row in work.session.exec(statement)]


def _ledger(work: Work, job: Job) -> list[EntryRecord]:
    statement = select(LedgerEntry).where(LedgerEntry.job_id == job.id).order_by(col(LedgerEntry.created_at))
    return [
        EntryRecord(at=row.created_at, kind=row.kind, credits=row.credits)
        for row in work.session.exec(statement)
    ]


def _deliveries(work: Work, job: Job) -> list[DeliveryRecord]:
    statement = select(Delivery).where(Delivery.job_id == job.id).order_by(col(Delivery.created_at))
    fields = set(DeliveryRecord.model_fields)
    return [DeliveryRecord(**row.model_dump(include=fields)) for row in work.session.exec(statement)]
