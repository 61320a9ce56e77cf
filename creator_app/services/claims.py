"""Who runs what: claiming jobs, holding leases, taking over what a dead worker left.

A lease is compared with the database's clock only, so that machines whose clocks differ agree.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from creator_app.domain.job_state import Outcome
from creator_app.infrastructure.database import db_now
from creator_app.models import Account, ComfyServer, Job, JobAttempt
from creator_app.models.base import new_id
from creator_app.repositories.attempts import AttemptRepository
from creator_app.repositories.jobs import JobRepository
from creator_app.services import job_state
from creator_app.services.job_state import Fence
from creator_app.services.unit_of_work import Work


@dataclass(frozen=True)
class Claim:
    """A job that this process holds, and where it is to run.

    Attributes:
        job: the row as it was when it was claimed.
        attempt_id: this run of it.
        prompt_id: the id under which ComfyUI knows (or will know) it; stored before it is sent.
        server_url: the ComfyUI server.
        server_id: its row.
        fence: what every write of the runner is checked against.
        taken_over: another runner began this attempt and may have sent the prompt already.
    """

    job: Job
    attempt_id: UUID
    prompt_id: str
    server_url: str
    server_id: UUID | None
    fence: Fence
    taken_over: bool


def claim_next(work: Work, lease: timedelta) -> Claim | None:
    """Takes what is to be done next: first an abandoned attempt, else the fairest eligible job.

    Args:
        work: a writing transaction.
        lease: how long the claim holds without being renewed.

    Returns:
        The claim, or ``None`` when there is nothing to do or no server has a free slot.
    """
    now = db_now(work.session)
    return _take_over(work, now, lease) or _start_next(work, now, lease)


def renew(work: Work, fence: Fence, lease: timedelta) -> bool:
    """Prolongs a lease; ``False`` when it is lost for good."""
    now = db_now(work.session)
    return AttemptRepository(work.session).renew(fence.attempt_id, fence.lease_token, now, now + lease)


def end_attempt(
    work: Work,
    attempt_id: UUID,
    outcome: Outcome,
    *,
    error_kind: str | None = None,
    error_detail: str | None = None,
    run_seconds: float | None = None,
) -> None:
    """Closes an attempt's row; its lease ends with it."""
    attempt = work.session.get(JobAttempt, attempt_id)
    if attempt is None:
        return
    attempt.state = "ended"
    attempt.outcome = outcome.value
    attempt.error_kind = error_kind
    attempt.error_detail = error_detail
    attempt.ended_at = db_now(work.session)
    attempt.gpu_seconds = run_seconds
    work.session.add(attempt)


def _take_over(work: Work, now: datetime, lease: timedelta) -> Claim | None:
    attempt = AttemptRepository(work.session).abandoned(now)
    if attempt is None:
        return None
    job = work.session.get(Job, attempt.job_id, with_for_update=True)
    if job is None:
        return None
    attempt.lease_token = secrets.token_hex(16)
    attempt.lease_expires_at = now + lease
    work.session.add(attempt)
    job_state.add_event(work, job, "taken_over", {"attempt": attempt.number})
    work.session.flush()
    return _claim(job, attempt, taken_over=True)


def _start_next(work: Work, now: datetime, lease: timedelta) -> Claim | None:
    server = AttemptRepository(work.session).free_server()
    if server is None:
        return None
    attempt_id = new_id()
    query = JobRepository(work.session).fairest_eligible(now)
    job = job_state.claim(
        work,
        query.scalar_subquery(),
        {"attempt_id": attempt_id, "attempts": Job.attempts + 1, "waiting_reason": None},
    )
    if job is None:
        return None
    if job.started_at is None:
        job.started_at = now
    attempt = _new_attempt(job, server, attempt_id, now + lease)
    work.session.add(attempt)
    account = work.session.get(Account, job.account_id)
    if account is not None:
        account.served_at = now
        work.session.add(account)
    work.session.flush()
    return _claim(job, attempt, taken_over=False)


def _new_attempt(job: Job, server: ComfyServer, attempt_id: UUID, until: datetime) -> JobAttempt:
    return JobAttempt(
        id=attempt_id,
        job_id=job.id,
        number=job.attempts,
        server_id=server.id,
        server_url=server.url,
        # Ours, unique, and in the characters that every ComfyUI route takes.
        prompt_id=str(new_id()),
        lease_token=secrets.token_hex(16),
        lease_expires_at=until,
        state="running",
    )


def _claim(job: Job, attempt: JobAttempt, *, taken_over: bool) -> Claim:
    return Claim(
        job=job,
        attempt_id=attempt.id,
        prompt_id=attempt.prompt_id,
        server_url=attempt.server_url,
        server_id=attempt.server_id,
        fence=Fence(job.id, attempt.id, attempt.lease_token),
        taken_over=taken_over,
    )
