"""A job as people and programs see it: one shape for the API, the pages and the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from creator_app.domain.expectations import Span
from creator_app.domain.job_state import FINAL, JobStatus
from creator_app.live.snapshot import Snapshots
from creator_app.models import Job
from creator_app.repositories.attempts import AttemptRepository
from creator_app.services import ledger
from creator_app.services.expectations import Outlook, Outlooks
from creator_app.services.unit_of_work import Work
from creator_app.services.waiting import Reasons, WaitingReason


class ProgressView(BaseModel):
    """How far a job is. Times in seconds; ``percent`` from 0 to 100.

    Attributes:
        percent: of the whole workflow, by the engine's own words.
        step: what is being done, in plain words.
        node: the node that runs.
        value: steps done inside it.
        max: steps it has.
        queue_position: jobs that start before this one.
        eta_seconds: until it ends, in the middle of the range.
        starts_in: the shortest and the longest that it will probably wait.
        ends_in: the same until it ends.
        cold_start_seconds: how much of it goes into loading models, where they must be loaded first.
        quiet_since: the server has said nothing since then.
    """

    percent: float = 0.0
    step: str | None = None
    node: str | None = None
    value: float | None = None
    max: float | None = None
    queue_position: int | None = None
    eta_seconds: float | None = None
    starts_in: tuple[float, float] | None = None
    ends_in: tuple[float, float] | None = None
    cold_start_seconds: float | None = None
    quiet_since: datetime | None = None


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
    attempts: int
    waited_seconds: float | None
    ran_seconds: float | None


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
        outlooks: when jobs that have not ended will, by job id.
        expected: usual run time in seconds, by recipe version id.
        reasons: why jobs wait beside their turn, by job id.
        charged: ids of the final jobs that were paid for.
    """

    outlooks: dict[UUID, Outlook]
    expected: dict[UUID, float | None]
    reasons: dict[UUID, WaitingReason | None]
    charged: set[UUID]


def _facts(work: Work, jobs: Sequence[Job]) -> _Facts:
    active = [job for job in jobs if JobStatus(job.status) not in FINAL]
    queued = [job for job in active if job.status == JobStatus.QUEUED.value]
    final = [job.id for job in jobs if JobStatus(job.status) in FINAL]
    outlooks = Outlooks(work)
    reasons = Reasons(work) if queued else None
    return _Facts(
        outlooks={job.id: outlooks.of(job) for job in active},
        expected={job.recipe_version_id: expected_seconds(work, job.recipe_version_id) for job in active},
        reasons={job.id: reasons.of(job) for job in queued} if reasons else {},
        charged=ledger.charged(work, final) if final else set(),
    )


def _view(job: Job, snapshot: dict[str, str], facts: _Facts) -> JobView:
    status = JobStatus(job.status)
    reason = facts.reasons.get(job.id)
    progress = _progress(job, snapshot, facts.outlooks.get(job.id, Outlook()))
    return JobView(
        id=job.id,
        recipe=job.recipe_slug,
        status=job.status,
        waiting_reason=reason.value if reason else None,
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
        status_sentence=sentence(job, progress, reason),
        filename=_filename(job),
        thumb_url=f"/api/v1/jobs/{job.id}/thumb",
        before_url=_before(job),
        preview_url=_preview(job, snapshot),
        expected_seconds=facts.expected.get(job.recipe_version_id) if status not in FINAL else None,
        attempts=job.attempts,
        waited_seconds=_waited(job),
        ran_seconds=_ran(job),
    )


def expected_seconds(work: Work, recipe_version_id: UUID) -> float | None:
    """The median run time of this recipe lately, in seconds; ``None`` before its first run."""
    runs = AttemptRepository(work.session).run_seconds(recipe_version_id)
    return round(median(runs), 2) if runs else None


def sentence(job: Job, progress: ProgressView, reason: WaitingReason | None = None) -> str:
    """One plain sentence about where the job is.

    Args:
        job: its row.
        progress: as it is shown beside the sentence.
        reason: why it waits, beside its turn.
    """
    status = JobStatus(job.status)
    if status is JobStatus.QUEUED:
        return _waiting_sentence(progress, reason)
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


#: Ranges that end below so many seconds are rounded to so many.
_STEPS = ((20, 1), (60, 5), (300, 10))


def people_range(span: tuple[float, float]) -> str:
    """A range as people say it, rounded as far as nobody would notice: ``8 to 12 s``, ``about 3 min``."""
    step = next((step for below, step in _STEPS if span[1] < below), 60)
    low, high = (people_seconds(step * round(seconds / step)) for seconds in span)
    if low == high:
        return f"about {high}"
    number, _, unit = low.partition(" ")
    return f"{number} to {high}" if high.endswith(f" {unit}") else f"{low} to {high}"


_WAITING = {
    WaitingReason.RETRY: "Waiting a moment before another try",
    WaitingReason.NO_SERVER: "Waiting: no server answers right now. It starts by itself when one is back",
    WaitingReason.SERVER_AWAY: (
        "Waiting: the server for this recipe is away. It starts by itself when it is back"
    ),
    WaitingReason.NO_ABLE_SERVER: "Waiting: something that this recipe needs is not installed yet",
    WaitingReason.PAUSED: "Waiting: new work is paused for a moment. It starts by itself",
    WaitingReason.DRAINING: "Waiting: the servers take nothing new for a moment. It starts by itself",
    WaitingReason.NO_WORKER: "Waiting: nobody takes jobs right now. It starts by itself when that is mended",
    WaitingReason.LIMIT: "Waiting: as many of your jobs are running as may run at a time",
}
#: A worker that works says every few seconds what it heard of the server, or that it heard nothing.
_SILENT_WORKER = timedelta(seconds=15)
#: Whoever waits less than this needs no forecast.
_SOON_S = 3.0


def _waiting_sentence(progress: ProgressView, reason: WaitingReason | None) -> str:
    if reason is not None:
        return _WAITING[reason]
    ahead = progress.queue_position or 0
    starts = progress.starts_in
    if ahead == 0 and (starts is None or starts[1] < _SOON_S):
        return "Starting"
    forecast = f", starts in {people_range(starts)}" if starts and starts[1] >= _SOON_S else ""
    return f"Waiting: {ahead} before you{forecast}" if ahead else f"Waiting: you are next{forecast}"


def _took(job: Job) -> float:
    if job.finished_at is None:
        return 0.0
    return (job.finished_at - (job.started_at or job.created_at)).total_seconds()


def _waited(job: Job) -> float | None:
    """Seconds from hand-in to the first start, or to the end where it never started."""
    until = job.started_at or job.finished_at
    return max(0.0, round((until - job.created_at).total_seconds(), 3)) if until else None


def _ran(job: Job) -> float | None:
    """Seconds from the first start to the end."""
    if job.started_at is None or job.finished_at is None:
        return None
    return max(0.0, round((job.finished_at - job.started_at).total_seconds(), 3))


def _progress(job: Job, snapshot: dict[str, str], outlook: Outlook) -> ProgressView:
    status = JobStatus(job.status)
    if status is JobStatus.SUCCEEDED:
        return ProgressView(percent=100.0)
    ends = outlook.ends_in
    expected: dict[str, Any] = {
        "queue_position": outlook.position,
        "eta_seconds": round((ends.low + ends.high) / 2, 1) if ends else None,
        "starts_in": _pair(outlook.starts_in),
        "ends_in": _pair(ends),
        "cold_start_seconds": outlook.cold_start,
    }
    if status is JobStatus.QUEUED:
        return ProgressView(**expected)
    if snapshot.get("attempt") not in (None, "", str(job.attempts)):
        snapshot = {}  # what an earlier attempt had reached
    return ProgressView(
        percent=_number(snapshot.get("percent")) or 0.0,
        step=snapshot.get("step") or None,
        node=snapshot.get("node") or None,
        value=_number(snapshot.get("value")),
        max=_number(snapshot.get("max")),
        quiet_since=_quiet_since(snapshot) if status is JobStatus.RUNNING else None,
        **expected,
    )


def _pair(span: Span | None) -> tuple[float, float] | None:
    return (round(span.low, 1), round(span.high, 1)) if span else None


def _quiet_since(snapshot: Mapping[str, str]) -> datetime | None:
    """Since when there is no news of a run: as its worker says, or by the worker's own silence."""
    said, heard = _moment(snapshot.get("quiet_since")), _moment(snapshot.get("heard_at"))
    if said is not None or heard is None or datetime.now(UTC) - heard < _SILENT_WORKER:
        return said
    return heard


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


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
