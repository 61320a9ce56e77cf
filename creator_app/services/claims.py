"""Who runs what: claiming jobs, holding leases, taking over what a dead worker left.

A lease is compared with the database's clock only, so that machines whose clocks differ agree.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from creator_app.domain import fairness
from creator_app.domain.job_state import JobStatus, Outcome
from creator_app.infrastructure.database import db_now
from creator_app.models import LINE, Account, ComfyServer, Job, JobAttempt, Scheduler, ServerAbility
from creator_app.models.base import new_id
from creator_app.repositories.attempts import AttemptRepository
from creator_app.repositories.line import FreeServers, next_job, parameters
from creator_app.services import job_state, servers
from creator_app.services.job_state import Fence
from creator_app.services.servers import FreeServer
from creator_app.services.unit_of_work import Work

#: A run over which this many runners died is given up: the next one would die, too.
MAX_TAKEOVERS: Final = 5
#: A job that waited longer than this is not passed over for one whose models are still loaded.
_PATIENCE: Final = timedelta(seconds=30)


@dataclass(frozen=True)
class Claim:
    """A job that this process holds, and where it is to run.

    Attributes:
        job: the row as it was when it was claimed.
        attempt_id: this run of it.
        prompt_id: the id under which ComfyUI knows (or will know) it; stored before it is sent.
        server_url: the ComfyUI server.
        server_id: its row.
        server_headers: what must be sent along there, encrypted; ``None`` for an open server.
        fence: what every write of the runner is checked against.
        taken_over: another runner began this attempt and may have sent the prompt already.
    """

    job: Job
    attempt_id: UUID
    prompt_id: str
    server_url: str
    server_id: UUID | None
    server_headers: str | None
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
    attempt.slot = None
    attempt.outcome = outcome.value
    attempt.error_kind = error_kind
    attempt.error_detail = error_detail
    attempt.ended_at = db_now(work.session)
    attempt.gpu_seconds = run_seconds
    work.session.add(attempt)


def end_if_canceled(
    work: Work,
    job_id: UUID,
    attempt_id: UUID,
    *,
    fence: Fence | None = None,
    error_kind: str | None = None,
    error_detail: str | None = None,
) -> bool:
    """Ends a job that somebody canceled, whatever else went wrong with its run.

    Args:
        work: a writing transaction; the job's row is locked in it.
        job_id: which job.
        attempt_id: the run of it that ends, too.
        fence: of the runner that asks.
        error_kind: what went wrong, for the attempt's row.
        error_detail: the same in words.

    Returns:
        Whether it was canceled; nothing is changed where it was not.

    Raises:
        LeaseLost: the fence does not hold any more.
    """
    job = work.session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None or job.cancel_requested_at is None:
        return False
    if job.status == JobStatus.SAVING.value:  # from where no way leads straight to the end
        job_state.change(work, job.id, JobStatus.QUEUED, fence=fence, event="not_saved")
    values = {"finished_at": db_now(work.session), "waiting_reason": None}
    job_state.change(work, job.id, JobStatus.CANCELED, fence=fence, values=values)
    end_attempt(work, attempt_id, Outcome.CANCELED, error_kind=error_kind, error_detail=error_detail)
    return True


def begin_saving(work: Work, fence: Fence) -> None:
    """The prompt has ended well: its slot is free for the next one while the results are saved.

    Raises:
        LeaseLost: the fence does not hold any more.
    """
    job_state.change(work, fence.job_id, JobStatus.SAVING, fence=fence)
    attempt = work.session.get(JobAttempt, fence.attempt_id)
    if attempt is not None:
        attempt.slot = None
        work.session.add(attempt)


def _take_over(work: Work, now: datetime, lease: timedelta) -> Claim | None:
    attempt = AttemptRepository(work.session).abandoned(now)
    if attempt is None:
        return None
    job = work.session.get(Job, attempt.job_id, with_for_update=True)
    if job is None:
        return None
    if attempt.posted_at is None and end_if_canceled(work, job.id, attempt.id):
        return None  # no server knows of it, so there is nothing to stop
    if attempt.takeovers >= MAX_TAKEOVERS:
        _give_up(work, job, attempt)
        return None
    attempt.takeovers += 1
    attempt.lease_token = secrets.token_hex(16)
    attempt.lease_expires_at = now + lease
    work.session.add(attempt)
    job_state.add_event(work, job, "taken_over", {"attempt": attempt.number, "times": attempt.takeovers})
    work.session.flush()
    server = work.session.get(ComfyServer, attempt.server_id) if attempt.server_id else None
    return _claim(job, attempt, server, taken_over=True)


def _give_up(work: Work, job: Job, attempt: JobAttempt) -> None:
    """Ends a job over which one runner after the other died."""
    detail = f"{attempt.takeovers + 1} runners died over this run"
    if end_if_canceled(work, job.id, attempt.id, error_kind="unknown", error_detail=detail):
        return
    values = {
        "finished_at": db_now(work.session),
        "error_code": "unknown",
        "error_message": "Something went wrong again and again while your picture was being worked on.",
        "error_hint": "Try another picture, or tell the person who runs this site.",
        "error_detail": detail,
    }
    job_state.change(work, job.id, JobStatus.FAILED, values=values)
    end_attempt(work, attempt.id, Outcome.FAILED, error_kind="unknown", error_detail=detail)


def _start_next(work: Work, now: datetime, lease: timedelta) -> Claim | None:
    # Held until the commit: claims come one after the other, so each sees what the one before did.
    line = work.session.get(Scheduler, LINE, with_for_update=True, populate_existing=True)
    if line is None or line.queue_paused:
        return None
    candidates = servers.free(work)
    if not candidates:
        return None
    attempt_id = new_id()
    chosen_by = parameters(line.clock, now, now - _PATIENCE, free_servers(candidates))
    values = {"attempt_id": attempt_id, "attempts": Job.attempts + 1, "waiting_reason": None}
    job = job_state.claim(work, next_job().scalar_subquery(), chosen_by, values)
    if job is None:
        return None
    chosen = _choose(work, job, candidates)
    job.started_at = job.started_at or now
    attempt = _new_attempt(job, chosen, attempt_id, now + lease)
    work.session.add(attempt)
    chosen.server.warm_recipe_version_id = job.recipe_version_id
    work.session.add(chosen.server)
    _take_turn(work, job, line, now)
    work.session.flush()
    return _claim(job, attempt, chosen.server, taken_over=False)


def free_servers(candidates: Sequence[FreeServer]) -> FreeServers:
    """What the line's query has to know of the servers with a free slot."""
    rows = [one.server for one in candidates]
    return FreeServers(
        ids=[row.id for row in rows],
        memory_bytes=max((row.memory_bytes or 0 for row in rows), default=0),
        warm=[row.warm_recipe_version_id for row in rows if row.warm_recipe_version_id is not None],
    )


def _choose(work: Work, job: Job, candidates: Sequence[FreeServer]) -> FreeServer:
    """The server for a job: one that has its models loaded, else the least busy one that can run it."""
    statement = select(ServerAbility.server_id).where(
        ServerAbility.recipe_version_id == job.recipe_version_id, col(ServerAbility.able).is_(True)
    )
    able = set(work.session.exec(statement))
    need = job.more_memory_than
    fit = [
        one
        for one in candidates
        if one.server.id in able and (need is None or (one.server.memory_bytes or 0) > need)
    ]
    warm = [one for one in fit if one.server.warm_recipe_version_id == job.recipe_version_id]
    return (warm or fit)[0]


def _take_turn(work: Work, job: Job, line: Scheduler, now: datetime) -> None:
    account = work.session.get(Account, job.account_id)
    if account is None:
        return
    line.clock = fairness.start_tag(account.turn, line.clock)
    account.turn = fairness.next_turn(line.clock, account.weight)
    account.served_at = now
    work.session.add_all([account, line])


def _new_attempt(job: Job, chosen: FreeServer, attempt_id: UUID, until: datetime) -> JobAttempt:
    server = chosen.server
    return JobAttempt(
        id=attempt_id,
        job_id=job.id,
        number=job.attempts,
        server_id=server.id,
        server_url=server.url,
        server_kind=server.kind,
        slot=chosen.slot,
        recipe_version_id=job.recipe_version_id,
        cold=server.warm_recipe_version_id != job.recipe_version_id,
        # Ours, unique, and in the characters that every ComfyUI route takes.
        prompt_id=str(new_id()),
        lease_token=secrets.token_hex(16),
        lease_expires_at=until,
        state="running",
    )


def _claim(job: Job, attempt: JobAttempt, server: ComfyServer | None, *, taken_over: bool) -> Claim:
    return Claim(
        job=job,
        attempt_id=attempt.id,
        prompt_id=attempt.prompt_id,
        server_url=attempt.server_url,
        server_id=attempt.server_id,
        server_headers=server.headers_encrypted if server else None,
        fence=Fence(job.id, attempt.id, attempt.lease_token),
        taken_over=taken_over,
    )
