"""A job as people and programs see it: one shape for the API, the pages and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from creator_app.domain.job_state import FINAL, JobStatus
from creator_app.live.snapshot import Snapshots
from creator_app.models import Job
from creator_app.repositories.jobs import JobRepository
from creator_app.services import ledger
from creator_app.services.unit_of_work import Work


class ProgressView(BaseModel):
    """How far a job is. Times in seconds; ``percent`` from 0 to 100."""

    percent: float = 0.0
    step: str | None = None
    node: str | None = None
    value: float | None = None
    max: float | None = None
    queue_position: int | None = None
    eta_seconds: float | None = None


class OutputView(BaseModel):
    """One result of a job."""

    n: int
    filename: str
    content_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    url: str


class ErrorView(BaseModel):
    """Why a job failed, for people."""

    code: str
    message: str
    hint: str


class CreditsView(BaseModel):
    """What the job holds and what it cost."""

    held: int
    charged: int


class JobView(BaseModel):
    """A job. The fields up to ``finished_at`` are the REST interface; the rest helps the pages."""

    id: UUID
    recipe: str
    status: str
    waiting_reason: str | None
    cancel_requested_at: datetime | None
    retry_of: UUID | None
    batch_id: UUID | None
    progress: ProgressView
    inputs: dict[str, Any]
    outputs: list[OutputView]
    error: ErrorView | None
    credits: CreditsView
    source: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    recipe_title: str
    status_sentence: str
    filename: str | None
    thumb_url: str
    before_url: str | None
    preview_url: str | None
    expected_seconds: float | None


def views(work: Work, snapshots: Snapshots, jobs: Sequence[Job]) -> list[JobView]:
    """The views of several jobs, in the order given.

    Args:
        work: a reading transaction.
        snapshots: live progress; what is missing there reads as "just begun".
        jobs: rows of one account.
    """
    running = [job.id for job in jobs if JobStatus(job.status) not in FINAL]
    live = dict(zip(running, snapshots.read_many(running), strict=True))
    facts = _facts(work, jobs)
    return [_view(job, live.get(job.id, {}), facts) for job in jobs]


@dataclass(frozen=True)
class _Facts:
    """What several jobs' views need beside their rows, asked for all of them at once.

    Attributes:
        ahead: jobs before a queued one, by job id.
        expected: usual run time in seconds, by recipe version id.
        charged: ids of the final jobs that were paid for.
    """

    ahead: dict[UUID, int]
    expected: dict[UUID, float | None]
    charged: set[UUID]


def _facts(work: Work, jobs: Sequence[Job]) -> _Facts:
    queued = [job.id for job in jobs if job.status == JobStatus.QUEUED.value]
    final = [job.id for job in jobs if JobStatus(job.status) in FINAL]
    versions = {job.recipe_version_id for job in jobs if JobStatus(job.status) not in FINAL}
    return _Facts(
        ahead=JobRepository(work.session).ahead_of(queued) if queued else {},
        expected={version: expected_seconds(work, version) for version in versions},
        charged=ledger.charged(work, final) if final else set(),
    )


def _view(job: Job, snapshot: dict[str, str], facts: _Facts) -> JobView:
    status = JobStatus(job.status)
    waiting = status is JobStatus.QUEUED
    expected = facts.expected.get(job.recipe_version_id) if status not in FINAL else None
    progress = _progress(job, snapshot, facts.ahead.get(job.id), expected)
    return JobView(
        id=job.id,
        recipe=job.recipe_slug,
        status=job.status,
        waiting_reason=job.waiting_reason if waiting else None,
        cancel_requested_at=job.cancel_requested_at,
        retry_of=job.retry_of,
        batch_id=job.batch_id,
        progress=progress,
        inputs=job.inputs,
        outputs=[_output(job, row) for row in job.outputs or []],
        error=_error(job),
        credits=CreditsView(
            held=0 if status in FINAL else job.price_credits,
            charged=job.price_credits if job.id in facts.charged else 0,
        ),
        source=job.source,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        recipe_title=job.recipe_title,
        status_sentence=sentence(job, progress),
        filename=_filename(job),
        thumb_url=f"/api/v1/jobs/{job.id}/thumb",
        before_url=_before(job),
        preview_url=_preview(job, snapshot),
        expected_seconds=expected,
    )


def expected_seconds(work: Work, recipe_version_id: UUID) -> float | None:
    """The median run time of this recipe lately, in seconds; ``None`` before its first run."""
    runs = JobRepository(work.session).recent_run_seconds(recipe_version_id)
    return round(median(runs), 2) if runs else None


def sentence(job: Job, progress: ProgressView) -> str:
    """One plain sentence about where the job is."""
    status = JobStatus(job.status)
    if status is JobStatus.QUEUED:
        return _waiting_sentence(job, progress)
    if status is JobStatus.RUNNING:
        if job.cancel_requested_at:
            return "Stopping"
        return progress.step or "Getting started"
    if status is JobStatus.SAVING:
        return "Saving your result"
    if status is JobStatus.SUCCEEDED:
        return f"Done in {people_seconds(_took(job))}"
    if status is JobStatus.CANCELED:
        return "Canceled"
    return job.error_message or "It did not work"


def people_seconds(seconds: float) -> str:
    """A duration as people say it: ``0.8 s``, ``8 s``, ``3 min``, ``2 h``."""
    if seconds < 1:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"


_WAITING = {
    "no_server": "Waiting: no server is free to reach right now. It starts by itself when one is back",
    "retry": "Waiting a moment before another try",
}


def _waiting_sentence(job: Job, progress: ProgressView) -> str:
    if job.waiting_reason in _WAITING:
        return _WAITING[job.waiting_reason]
    ahead = progress.queue_position or 0
    if ahead == 0:
        return "Starting"
    about = f", about {people_seconds(progress.eta_seconds)}" if progress.eta_seconds else ""
    return f"Waiting: {ahead} before you{about}"


def _took(job: Job) -> float:
    if job.finished_at is None:
        return 0.0
    return (job.finished_at - (job.started_at or job.created_at)).total_seconds()


def _progress(
    job: Job, snapshot: dict[str, str], position: int | None, expected: float | None
) -> ProgressView:
    status = JobStatus(job.status)
    if status is JobStatus.SUCCEEDED:
        return ProgressView(percent=100.0)
    if status is JobStatus.QUEUED:
        eta = expected * (position + 1) if expected is not None and position is not None else None
        return ProgressView(queue_position=position, eta_seconds=eta)
    if snapshot.get("attempt") not in (None, "", str(job.attempts)):
        snapshot = {}  # what an earlier attempt had reached
    elapsed = (datetime.now(UTC) - job.started_at).total_seconds() if job.started_at else 0.0
    left = max(0.0, expected - elapsed) if expected is not None and status not in FINAL else None
    return ProgressView(
        percent=_number(snapshot.get("percent")) or 0.0,
        step=snapshot.get("step") or None,
        node=snapshot.get("node") or None,
        value=_number(snapshot.get("value")),
        max=_number(snapshot.get("max")),
        eta_seconds=left,
    )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _output(job: Job, row: dict[str, Any]) -> OutputView:
    return OutputView.model_validate({**row, "url": f"/api/v1/jobs/{job.id}/outputs/{row['n']}"})


def _error(job: Job) -> ErrorView | None:
    if not job.error_code:
        return None
    return ErrorView(code=job.error_code, message=job.error_message or "", hint=job.error_hint or "")


def _file_input(job: Job) -> tuple[str, dict[str, Any]] | None:
    for name, value in job.inputs.items():
        if isinstance(value, dict) and "asset_id" in value:
            return name, value
    return None


def _filename(job: Job) -> str | None:
    found = _file_input(job)
    return found[1].get("filename") if found else None


def _before(job: Job) -> str | None:
    found = _file_input(job)
    return f"/api/v1/jobs/{job.id}/inputs/{found[0]}" if found else None


def _preview(job: Job, snapshot: dict[str, str]) -> str | None:
    version = snapshot.get("preview_at")
    if JobStatus(job.status) is not JobStatus.RUNNING or not version:
        return None
    return f"/api/v1/jobs/{job.id}/preview?v={version}"
