"""Credits: held when a job is accepted, then settled or released, once each.

The unique key (job, kind) makes a second settle of the same job impossible, whoever tries.
"""

from sqlmodel import select

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


def charged(work: Work, job: Job) -> int:
    """What the job cost in the end, in credits; 0 while it is held or once it was given back."""
    kinds = work.session.exec(select(LedgerEntry.kind).where(LedgerEntry.job_id == job.id)).all()
    return job.price_credits if LedgerKind.SETTLE in kinds else 0


def _enter(work: Work, job: Job, kind: LedgerKind, change: int) -> None:
    work.session.add(LedgerEntry(account_id=job.account_id, job_id=job.id, kind=kind.value, credits=change))
