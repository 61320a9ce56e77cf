"""Rows for pages: what a page shows of a job or a recipe, ready to be drawn."""

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from creator_app.services.job_view import JobView, OutputView, people_seconds

#: What every browser draws; a drawing that may carry a script (SVG) is a file to download.
_SHOWN_AS_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif")
#: A shorter wait for its turn is nothing that anybody asks about.
_WORTH_A_WORD_S = 3.0

FINAL = ("succeeded", "failed", "canceled")


@dataclass
class ResultRow:
    """One result file of a job; ``kind`` is image, video, audio, text or file."""

    n: int = 0
    url: str = ""
    filename: str = ""
    facts: str = ""
    dimensions: str = ""
    format: str = ""
    size: str = ""
    kind: str = ""


@dataclass
class JobRow:
    """A job as its pages show it. Times are ISO 8601 in UTC or empty; percent from 0 to 100."""

    id: str = ""
    title: str = ""
    recipe: str = ""
    recipe_title: str = ""
    status: str = ""
    sentence: str = ""
    percent: float = 0.0
    step: str = ""
    run: str = ""
    ahead: int = 0
    expected_seconds: float = 0.0
    cold_start: str = ""
    quiet_since: str = ""
    waited: str = ""
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    before_url: str = ""
    before_thumb: str = ""
    after_thumb: str = ""
    result_kind: str = ""
    preview_url: str = ""
    ratio: str = "3 / 2"
    results: list[ResultRow] = field(default_factory=list)
    error_message: str = ""
    error_hint: str = ""
    final: bool = False
    stopping: bool = False
    can_cancel: bool = False
    credits: str = ""


def job_row(view: JobView) -> JobRow:
    """The row of one job."""
    final = view.status in FINAL
    results = [result_row(output) for output in view.outputs]
    return JobRow(
        id=str(view.id),
        title=view.filename or view.recipe_title,
        recipe=view.recipe,
        recipe_title=view.recipe_title,
        status=view.status,
        sentence=view.status_sentence,
        percent=round(view.progress.percent, 1),
        step=view.progress.step or "",
        run=f"{view.id}:{view.attempts}",
        ahead=view.progress.queue_position or 0,
        expected_seconds=view.expected_seconds or 0.0,
        cold_start=_cold_start(view),
        quiet_since=_iso(view.progress.quiet_since),
        waited=_waited(view),
        created_at=_iso(view.created_at),
        started_at=_iso(view.started_at),
        finished_at=_iso(view.finished_at),
        before_url=view.before_url or "",
        before_thumb=f"{view.before_url}?width=160" if view.before_url else "",
        after_thumb=f"{results[0].url}?width=160" if results and results[0].kind == "image" else "",
        result_kind=results[0].kind if results else "",
        preview_url=view.preview_url or "",
        ratio=_ratio(view),
        results=results,
        error_message=view.error.message if view.error else "",
        error_hint=view.error.hint if view.error else "",
        final=final,
        stopping=bool(view.cancel_requested_at) and not final,
        can_cancel=view.status in ("queued", "running") and not view.cancel_requested_at,
        credits=credits_sentence(view),
    )


def result_row(output: OutputView) -> ResultRow:
    """The row of one result."""
    kind = _format(output)
    dimensions = f"{output.width}×{output.height}" if output.width and output.height else ""
    size = people_size(output.bytes)
    return ResultRow(
        n=output.n,
        url=output.url,
        filename=output.filename,
        facts=" · ".join(part for part in (dimensions, kind, size) if part),
        dimensions=dimensions,
        format=kind,
        size=size,
        kind=_kind(output.content_type),
    )


def credits_sentence(view: JobView) -> str:
    """What the job costs or did not cost."""
    if view.status in ("failed", "canceled"):
        return "You were not charged."
    if view.status == "succeeded":
        return people_credits(view.credits.charged)
    return f"{people_credits(view.credits.held)}, charged only if you get a file"


def people_credits(count: int) -> str:
    """``1 credit``, ``3 credits``, ``Free``."""
    if count == 0:
        return "Free"
    return "1 credit" if count == 1 else f"{count} credits"


def people_size(size_bytes: int) -> str:
    """``812 bytes``, ``340 kB``, ``1.2 MB``."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def _format(output: OutputView) -> str:
    """What people call the file's type: ``JPEG``, ``MP4``, ``Text``."""
    if output.content_type == "text/plain":
        return "Text"
    major, _, minor = output.content_type.partition("/")
    suffix = PurePath(output.filename).suffix.lstrip(".")
    return (minor if major == "image" or not suffix else suffix).upper()


def _kind(content_type: str) -> str:
    if content_type in _SHOWN_AS_PICTURES:
        return "image"
    if content_type == "text/plain":
        return "text"
    major = content_type.partition("/")[0]
    return major if major in ("video", "audio") else "file"


def _waited(view: JobView) -> str:
    seconds = view.waited_seconds or 0.0
    return people_seconds(seconds) if seconds >= _WORTH_A_WORD_S else ""


def _cold_start(view: JobView) -> str:
    seconds = view.progress.cold_start_seconds
    return f"It gets ready for this recipe first, about {people_seconds(seconds)} of it." if seconds else ""


def _ratio(view: JobView) -> str:
    # The place of the picture is kept free before it has come.
    for output in view.outputs:
        if output.width and output.height:
            return f"{output.width} / {output.height}"
    for value in view.inputs.values():
        if isinstance(value, dict) and value.get("width") and value.get("height"):
            return f"{value['width']} / {value['height']}"
    return "3 / 2"


def _iso(moment: Any) -> str:
    return moment.isoformat() if moment else ""
