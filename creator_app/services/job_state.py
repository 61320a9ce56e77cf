"""The one place that changes a job's state.

`change` checks where the job comes from and who asks, writes the row, its event and the ledger entry in
the caller's transaction, and notes what must be told after the commit. No other code writes ``job.status``.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, update
from sqlmodel import col

from creator_app.domain.job_state import FINAL, JobStatus, can_change, ledger_effect, sources
from creator_app.errors import InvalidTransition, LeaseLost, NotFound
from creator_app.infrastructure.database import db_now
from creator_app.models import Job, JobAttempt, JobEvent
from creator_app.services import deliveries, ledger
from creator_app.services.unit_of_work import JobChanged, TicketWanted, Work


@dataclass(frozen=True)
class Fence:
    """Proof that a runner still holds a job: compared with the database at every write of a runner."""

    job_id: UUID
    attempt_id: UUID
    lease_token: str


def change(
    work: Work,
    job_id: UUID,
    to: JobStatus,
    *,
    fence: Fence | None = None,
    values: dict[str, Any] | None = None,
    event: str | None = None,
    data: dict[str, Any] | None = None,
) -> Job:
    """Brings a job into another state.

    Args:
        work: the transaction; the row is locked in it.
        job_id: which job.
        to: the new state.
        fence: given by runners; a runner whose lease ran out or was taken over changes nothing.
        values: further columns to set in the same statement.
        event: name for the event row; the new state's name where left out.
        data: facts for the event row.

    Returns:
        The job as it is now.

    Raises:
        NotFound: there is no such job.
        LeaseLost: the fence does not hold any more.
        InvalidTransition: the job can't get there from where it is.
    """
    job = work.session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        raise NotFound("There is no such job.")
    if fence is not None:
        check_fence(work, fence, job)
    before = JobStatus(job.status)
    if not can_change(before, to):
        raise InvalidTransition(f"A job that is {before} can't become {to}.")
    changed = _write(work, col(Job.id) == job_id, to, values or {})
    if changed is None:  # the row is locked above, so this is a broken promise, not a race
        raise InvalidTransition(f"A job that is {before} can't become {to}.")
    _record(work, changed, before, event or to.value, data or {})
    return changed


def claim(
    work: Work, which: ScalarSelect[UUID], chosen_by: dict[str, Any], values: dict[str, Any]
) -> Job | None:
    """Takes the queued job that ``which`` selects, in one statement that can't be won twice.

    Args:
        work: the transaction.
        which: a scalar subquery that gives the id of the job to take.
        chosen_by: the subquery's values, by their names.
        values: further columns to set.

    Returns:
        The job, now running, or ``None`` when there was none to take.
    """
    job = _write(work, col(Job.id) == which, JobStatus.RUNNING, values, chosen_by)
    if job is not None:
        _record(work, job, JobStatus.QUEUED, "claimed", {"attempt": job.attempts})
    return job


def check_fence(work: Work, fence: Fence, job: Job | None = None) -> JobAttempt:
    """The attempt that ``fence`` names, if its lease still holds by the database's clock.

    Raises:
        LeaseLost: the lease ran out, was taken over, or the job belongs to another attempt.
    """
    attempt = work.session.get(JobAttempt, fence.attempt_id, populate_existing=True)
    holds = (
        attempt is not None
        and attempt.state == "running"
        and attempt.job_id == fence.job_id
        and attempt.lease_token == fence.lease_token
        and attempt.lease_expires_at > db_now(work.session)
        and (job is None or job.attempt_id == fence.attempt_id)
    )
    if not holds or attempt is None:
        raise LeaseLost("This run of the job was taken over.")
    return attempt


def add_event(
    work: Work, job: Job, kind: str, data: dict[str, Any] | None = None, attempt_id: UUID | None = None
) -> None:
    """Writes a line of the job's history that changes no state."""
    work.session.add(
        JobEvent(job_id=job.id, attempt_id=attempt_id or job.attempt_id, kind=kind, data=data or {})
    )


def _write(
    work: Work,
    which: ColumnElement[bool],
    to: JobStatus,
    values: dict[str, Any],
    chosen_by: dict[str, Any] | None = None,
) -> Job | None:
    statement = (
        update(Job)
        .where(which, col(Job.status).in_([state.value for state in sources(to)]))
        .values(status=to.value, **values)
        .returning(Job)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return work.session.execute(statement, chosen_by).scalars().first()


def _record(work: Work, job: Job, before: JobStatus, kind: str, data: dict[str, Any]) -> None:
    work.session.add(
        JobEvent(
            job_id=job.id,
            attempt_id=job.attempt_id,
            kind=kind,
            from_status=before.value,
            to_status=job.status,
            data=data,
        )
    )
    after = JobStatus(job.status)
    effect = ledger_effect(after)
    if effect is not None:
        ledger.apply(work, job, effect)
    if after in FINAL:
        deliveries.plan(work, job)
    work.tell(JobChanged(job.account_id, job.id, job.status))
    # A job that left a slot, or went back into the queue, lets another one start.
    if after in FINAL or after in (JobStatus.SAVING, JobStatus.QUEUED):
        work.tell(TicketWanted())
