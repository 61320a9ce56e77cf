"""What people and programs do with jobs: submit, look, cancel, retry, delete."""

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from creator_app.domain.job_state import FINAL, JobStatus
from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.infrastructure.database import db_now
from creator_app.models import Job, JobEvent
from creator_app.models.base import new_id
from creator_app.repositories.jobs import JobRepository
from creator_app.services import admission, job_state, ledger
from creator_app.services.recipes import PreparedJob
from creator_app.services.unit_of_work import JobChanged, TicketWanted, Work

MAX_PAGE = 100


def submit(
    work: Work,
    *,
    account_id: UUID,
    user_id: UUID,
    recipe: PreparedJob,
    source: str,
    source_ref: str | None = None,
    idempotency_key: str | None = None,
    content_hash: str | None = None,
    batch_id: UUID | None = None,
    retry_of: UUID | None = None,
) -> tuple[Job, bool]:
    """Accepts a job: its row, its first event and the hold on the credits, in one transaction.

    Returns:
        The job, and whether it was made now (``False``: this idempotency key had been used for it before).

    Raises:
        Conflict: the key was used for something else.
        CreatorError: no job may come in now; see `creator_app.services.admission`.
    """
    if idempotency_key:
        known = find_repeat(work, account_id, idempotency_key, content_hash)
        if known is not None:
            return known, False
    admission.admit(work, account_id, recipe.recipe_version_id)
    now = db_now(work.session)
    job = Job(
        id=new_id(),
        account_id=account_id,
        user_id=user_id,
        recipe_version_id=recipe.recipe_version_id,
        recipe_slug=recipe.slug,
        recipe_title=recipe.title,
        status=JobStatus.QUEUED.value,  # how every job is born; all later states go through job_state
        inputs=recipe.inputs,
        price_credits=recipe.price_credits,
        source=source,
        source_ref=source_ref,
        idempotency_key=idempotency_key,
        content_hash=content_hash,
        batch_id=batch_id,
        retry_of=retry_of,
        available_at=now,
        created_at=now,
    )
    try:
        with work.session.begin_nested():
            work.session.add(job)
    except IntegrityError:  # somebody used the same key at this very moment
        known = find_repeat(work, account_id, idempotency_key, content_hash) if idempotency_key else None
        if known is None:
            raise
        return known, False
    work.session.add(JobEvent(job_id=job.id, kind="submitted", to_status=job.status, data={"source": source}))
    ledger.hold(work, job)
    work.session.flush()
    work.tell(TicketWanted())
    work.tell(JobChanged(account_id, job.id, job.status))
    return job, True


def find_repeat(work: Work, account_id: UUID, key: str, content_hash: str | None) -> Job | None:
    """The job that was accepted under this idempotency key before.

    Raises:
        Conflict: the key was used with other content.
    """
    known = JobRepository(work.session).by_idempotency_key(account_id, key)
    if known is not None and known.content_hash != content_hash:
        raise Conflict(
            "This idempotency key was already used for a different job.",
            hint="Use a new key for every new job; repeat a key only to repeat the very same request.",
        )
    return known


def get(work: Work, account_id: UUID, job_id: UUID) -> Job:
    """A job of this account.

    Raises:
        NotFound: there is none; another account's job looks the same.
    """
    job = JobRepository(work.session).of_account(account_id, job_id)
    if job is None:
        raise NotFound(
            "There is no such job.", hint="It may have been deleted. Your jobs are listed under Jobs."
        )
    return job


def list_page(
    work: Work, account_id: UUID, *, status: str | None = None, cursor: str | None = None, limit: int = 25
) -> tuple[list[Job], str | None]:
    """Jobs of an account, newest first.

    Args:
        work: a transaction.
        account_id: whose.
        status: a state, ``active`` for all that are not final, or ``None`` for all.
        cursor: where the page before ended.
        limit: jobs a page, 1 to 100.

    Returns:
        The jobs, and the cursor of the next page or ``None``.

    Raises:
        InvalidInput: the cursor or the state is none of ours.
    """
    if status and status != "active" and status not in set(JobStatus):
        raise InvalidInput("There is no such status.", hint=f"Use one of: active, {', '.join(JobStatus)}.")
    limit = max(1, min(limit, MAX_PAGE))
    before = _read_cursor(cursor) if cursor else None
    rows = list(JobRepository(work.session).page(account_id, status=status, before=before, limit=limit + 1))
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, _cursor(rows[-1]) if more else None


def request_cancel(work: Work, account_id: UUID, job_id: UUID) -> Job:
    """Cancels a job: at once while it waits; a running one is told to stop and ends within moments.

    Raises:
        NotFound: no such job.
        Conflict: it has already ended, or its result is being saved.
    """
    job = work.session.get(
        Job, get(work, account_id, job_id).id, with_for_update=True, populate_existing=True
    )
    if job is None:
        raise NotFound("There is no such job.")
    status = JobStatus(job.status)
    if status is JobStatus.CANCELED or (status is JobStatus.RUNNING and job.cancel_requested_at):
        return job  # asked twice, canceled once
    if status is JobStatus.SAVING:
        raise Conflict(
            "It is too late to cancel this job: its result is being saved.",
            hint="It is done in a moment. Delete it then, if you do not want it.",
        )
    if status in FINAL:
        raise Conflict("This job has already finished.", hint="Look at its page for the result.")
    now = db_now(work.session)
    if status is JobStatus.QUEUED:
        return job_state.change(
            work, job.id, JobStatus.CANCELED, values={"cancel_requested_at": now, "finished_at": now}
        )
    job.cancel_requested_at = now
    work.session.add(job)
    job_state.add_event(work, job, "cancel_requested")
    work.session.flush()
    work.tell(JobChanged(job.account_id, job.id, job.status))
    return job


def retry(work: Work, account_id: UUID, user_id: UUID, job_id: UUID) -> Job:
    """Makes a new job with the same recipe version and inputs as one that has ended.

    Raises:
        NotFound: no such job.
        Conflict: it has not ended yet.
    """
    return retry_once(work, account_id, user_id, job_id, None)[0]


def retry_once(
    work: Work, account_id: UUID, user_id: UUID, job_id: UUID, idempotency_key: str | None
) -> tuple[Job, bool]:
    """As `retry`; the same key again answers with the first job again.

    Args:
        work: a writing transaction.
        account_id: whose job it is, and who pays.
        user_id: who asks.
        job_id: the one that has ended.
        idempotency_key: the caller's name for this retry; from the same keys as those of `submit`.

    Returns:
        The job, and whether it was made now (``False``: this key had been used for this retry before).

    Raises:
        NotFound: no such job.
        Conflict: it has not ended yet, or the key was used for something else.
    """
    content = hashlib.sha256(f"retry of {job_id}".encode()).hexdigest() if idempotency_key else None
    known = find_repeat(work, account_id, idempotency_key, content) if idempotency_key else None
    if known is not None:  # before anything else: the job that was retried may be gone by now
        return known, False
    old = get(work, account_id, job_id)
    if JobStatus(old.status) not in FINAL:
        raise Conflict("This job has not ended yet.", hint="Wait for it, or cancel it first.")
    prepared = PreparedJob(
        recipe_version_id=old.recipe_version_id,
        slug=old.recipe_slug,
        title=old.recipe_title,
        inputs=dict(old.inputs),
        price_credits=old.price_credits,
    )
    return submit(
        work,
        account_id=account_id,
        user_id=user_id,
        recipe=prepared,
        source=old.source,
        source_ref=old.source_ref,  # its result goes where the first one would have gone
        retry_of=old.id,
        idempotency_key=idempotency_key,
        content_hash=content,
    )


def delete(work: Work, account_id: UUID, job_id: UUID) -> None:
    """Takes an ended job out of the account's lists. Its ledger entries stay.

    Raises:
        NotFound: no such job.
        Conflict: it has not ended yet.
    """
    job = get(work, account_id, job_id)
    if JobStatus(job.status) not in FINAL:
        raise Conflict("This job has not ended yet.", hint="Cancel it first, then delete it.")
    work.session.delete(job)
    work.tell(JobChanged(account_id, job_id, "deleted"))


def _cursor(job: Job) -> str:
    return base64.urlsafe_b64encode(f"{job.created_at.isoformat()}|{job.id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, job_id = text.split("|")
        return datetime.fromisoformat(at), UUID(job_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("This cursor is none of ours.", hint="Begin again without a cursor.") from error


def file_inputs(job: Job) -> dict[str, Any]:
    """The job's inputs that are files, by name: ``{"image": {"asset_id": …}}``."""
    return {
        name: value for name, value in job.inputs.items() if isinstance(value, dict) and "asset_id" in value
    }
