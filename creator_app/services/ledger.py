"""Credits: held when a job is accepted, then settled or released, once each.

The unique key (job, kind) makes a second settle of the same job impossible, whoever tries.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from creator_app.domain.job_state import LedgerKind
from creator_app.models import Job, LedgerEntry
from creator_app.services.unit_of_work import Work


def hold(work: Work, job: Job) -> None:
    """Holds the job's price. Called in the transaction that accepts the job."""
    _enter(work, job, LedgerKind.HOLD, -job.price_credits)


def settle(work: Work, job: Job) -> None:
    """Turns the hold into a charge."""
    _enter(work, job, LedgerKind.SETTLE, 0)


def release(work: Work, job: Job) -> None:
    """Gives the held credits back."""
    _enter(work, job, LedgerKind.RELEASE, job.price_credits)


def apply(work: Work, job: Job, kind: LedgerKind) -> None:
    """Does what reaching a final state asks for."""
    {LedgerKind.SETTLE: settle, LedgerKind.RELEASE: release}[kind](work, job)


def charged(work: Work, job_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these jobs were paid for in the end; the others are held, or were given back."""
    statement = select(LedgerEntry.job_id).where(
        col(LedgerEntry.job_id).in_(job_ids), LedgerEntry.kind == LedgerKind.SETTLE.value
    )
    return {job_id for job_id in work.session.exec(statement) if job_id is not None}


def _enter(work: Work, job: Job, kind: LedgerKind, change: int) -> None:
    work.session.add(LedgerEntry(account_id=job.account_id, job_id=job.id, kind=kind.value, credits=change))
