"""A job as text for a terminal: facts, attempts, history and credits, in lines that can be read."""

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from creator_app.services.job_record import AttemptRecord, DeliveryRecord, EntryRecord, EventRecord, JobRecord
from creator_app.services.job_view import JobView, people_seconds

_LABEL = 11


def lines(view: JobView, record: JobRecord, width: int) -> Iterator[str]:
    """The whole text.

    Args:
        view: as people see the job.
        record: and what else is known.
        width: of the terminal, in signs.
    """
    for label, text in _facts(view, record):
        yield from _wrapped(f"{label:<{_LABEL}} ", text, width)
    yield from _section("Attempts", (_attempt(one) for one in record.attempts), width)
    yield from _section("History", (_event(one) for one in record.history), width)
    yield from _section("Credits", (_entry(one) for one in record.ledger), width)
    yield from _section("Deliveries", (_delivery(one) for one in record.deliveries), width)


def moment(at: datetime) -> str:
    """A time in UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _facts(view: JobView, record: JobRecord) -> Iterator[tuple[str, str]]:
    yield "Job", str(view.id)
    version = f", version {record.recipe_version}" if record.recipe_version else ""
    yield "Recipe", f"{view.recipe_title} ({view.recipe}{version})"
    yield "Account", record.account
    yield "Status", _status(view)
    if view.cancel_requested_at:
        yield "Cancel", f"asked for at {moment(view.cancel_requested_at)}"
    yield "Handed in", f"{moment(view.created_at)} UTC, from: {_source(view, record)}"
    if view.started_at:
        yield (
            "Started",
            f"{moment(view.started_at)}, after waiting {people_seconds(view.waited_seconds or 0)}",
        )
    if view.finished_at:
        ran = f", after {people_seconds(view.ran_seconds)}" if view.ran_seconds is not None else ""
        yield "Ended", f"{moment(view.finished_at)}{ran}"
    yield "Credits", _credits(view)
    if view.retry_of:
        yield "Retry of", str(view.retry_of)
    for name, value in view.inputs.items():
        yield "Input", f"{name}: {_input(value)}"
    for output in view.outputs:
        size = f", {output.width} × {output.height}" if output.width and output.height else ""
        yield "Output", f"{output.n}: {output.filename} ({output.content_type}{size}, {_size(output.bytes)})"
    if view.error:
        yield "Error", f"{view.error.code}: {view.error.message} {view.error.hint}".strip()
    if record.error_detail:
        yield "Detail", record.error_detail


def _status(view: JobView) -> str:
    percent = f" {view.progress.percent:.0f} %" if view.status in ("running", "saving") else ""
    return f"{view.status}{percent}: {view.status_sentence}"


def _source(view: JobView, record: JobRecord) -> str:
    return f"{view.source} ({record.source_ref})" if record.source_ref else view.source


def _credits(view: JobView) -> str:
    if view.credits.held:
        return f"{view.credits.held} held"
    return f"{view.credits.charged} charged"


def _input(value: Any) -> str:
    if isinstance(value, dict) and "asset_id" in value:
        size = f", {value['width']} × {value['height']}" if value.get("width") and value.get("height") else ""
        return f"{value.get('filename') or 'a file'}{size}"
    return str(value)


def _attempt(one: AttemptRecord) -> Iterator[str]:
    where = f"{one.server} ({one.server_url})" if one.server else one.server_url
    until = f" to {_clock(one.ended_at)}" if one.ended_at else ", still running"
    kind = f" ({one.error_kind})" if one.error_kind else ""
    yield f"{one.number}  {one.outcome or one.state}{kind}, {_clock(one.started_at)}{until}"
    yield f"on {where}{', a cold start' if one.cold else ''}"
    yield f"prompt {one.prompt_id}{'' if one.posted_at else ', not sent'}"
    if one.gpu_seconds is not None:
        yield f"the server worked {one.gpu_seconds:.1f} s on it"
    if one.takeovers:
        yield (
            f"taken over {one.takeovers} times from workers that died"
            if one.takeovers > 1
            else ("taken over once from a worker that died")
        )
    if one.error_detail:
        yield one.error_detail


def _event(one: EventRecord) -> str:
    change = f"  {one.from_status or 'new'} → {one.to_status}" if one.to_status else ""
    data = ", ".join(f"{name}: {value}" for name, value in one.data.items())
    return f"{_clock(one.at)}  {one.kind}{change}{f'  ({data})' if data else ''}"


def _entry(one: EntryRecord) -> str:
    change = f"{one.credits:+d}" if one.credits else "the hold is charged"
    return f"{_clock(one.at)}  {one.kind}  {change}"


def _delivery(one: DeliveryRecord) -> str:
    when = f" at {moment(one.done_at)}" if one.done_at else ""
    trouble = f": {one.last_error}" if one.last_error and one.state != "done" else ""
    return f"{one.what} to {one.kind} ({one.target}): {one.state}{when}{trouble}"


def _section(title: str, rows: Iterator[Any], width: int) -> Iterator[str]:
    first = True
    for row in rows:
        if first:
            yield f"\n{title}"
            first = False
        head, *more = [row] if isinstance(row, str) else row
        yield from _wrapped("  ", head, width, hang=4)
        for text in more:
            yield from _wrapped("     ", text, width)


def _wrapped(lead: str, text: str, width: int, hang: int | None = None) -> Iterator[str]:
    """Lines of at most ``width`` signs; ids and addresses are never broken, however long."""
    space = " " * (len(lead) if hang is None else hang)
    for part in text.splitlines() or [""]:
        yield from textwrap.wrap(
            part, max(width, 40), initial_indent=lead, subsequent_indent=space,
            break_long_words=False, break_on_hyphens=False,
        ) or [lead.rstrip()]  # fmt: skip
        lead = space


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{max(1, count // 1024)} KiB"
