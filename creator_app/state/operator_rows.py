"""Rows for the operator's page: servers and the line, ready to be drawn. Sentences in the field's terms."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from creator_app.services.folders import LAG_FILES, Lag
from creator_app.services.job_view import people_seconds
from creator_app.services.line_view import AccountInLine, LineView
from creator_app.services.pool_view import DeviceView, RecipeAbility, RunView, ServerView

#: A server that is well is noted down twice a minute; one that was not for so long does not answer.
_SILENT: Final = timedelta(seconds=75)
#: So many names are spelled out in a sentence.
_NAMED: Final = 3
_BUILT_IN: Final = "Built-in engine"


@dataclass
class RunningRow:
    """A job that a server works on, and for whom."""

    title: str = ""
    email: str = ""
    since: str = ""


@dataclass
class LackRow:
    """A recipe that a server can't run, and what it lacks for it."""

    title: str = ""
    missing: list[str] = field(default_factory=list)


@dataclass
class MarkRow:
    """A run that ended; ``good`` or ``bad``, and what was said of it."""

    tone: str = ""
    said: str = ""


@dataclass
class ServerRow:
    """A server as the operator's page shows it. Times are ISO 8601 in UTC or empty."""

    id: str = ""
    title: str = ""
    address: str = ""
    made: str = ""
    state: str = ""
    tone: str = ""
    sentence: str = ""
    detail: str = ""
    answered_at: str = ""
    slots: str = ""
    devices: list[str] = field(default_factory=list)
    running: list[RunningRow] = field(default_factory=list)
    recipes: str = ""
    able: str = ""
    lacking: list[LackRow] = field(default_factory=list)
    marks: list[MarkRow] = field(default_factory=list)
    good_at: str = ""
    bad_at: str = ""
    bad_why: str = ""
    can_resume: bool = False
    can_remove: bool = False
    fixed: bool = False
    leaving: str = ""
    note: str = ""


@dataclass
class AccountRow:
    """An account in the line."""

    email: str = ""
    running: int = 0
    waiting: int = 0
    share: str = ""
    limit: str = ""


@dataclass
class StuckRow:
    """A job that does not move."""

    id: str = ""
    status: str = ""
    since: str = ""
    why: str = ""


@dataclass
class LineRow:
    """The line as the operator's page shows it."""

    intake_paused: bool = False
    queue_paused: bool = False
    running: int = 0
    waiting: int = 0
    accounts_total: int = 0
    runs: int = 0
    hour: str = ""
    accounts: list[AccountRow] = field(default_factory=list)
    more: str = ""
    held: list[str] = field(default_factory=list)
    stuck: list[StuckRow] = field(default_factory=list)


def server_rows(views: Sequence[ServerView]) -> list[ServerRow]:
    """The rows of the whole pool."""
    return [_server_row(view, views) for view in views]


def pool_sentence(views: Sequence[ServerView]) -> str:
    """How the pool is, in one line: ``2 of 3 servers are ready for work, 1 job runs.``"""
    ready = sum(view.state == "online" for view in views)
    running = sum(len(view.running) for view in views)
    jobs = {0: "nothing runs", 1: "1 job runs"}.get(running, f"{running} jobs run")
    if len(views) == 1:
        return f"The only server is {'' if ready else 'not '}ready for work, {jobs}."
    return f"{ready} of {len(views)} servers are ready for work, {jobs}."


def line_row(view: LineView) -> LineRow:
    """The row of the line."""
    more = view.accounts_total - len(view.accounts)
    return LineRow(
        intake_paused=view.intake_paused,
        queue_paused=view.queue_paused,
        running=view.running,
        waiting=view.waiting,
        accounts_total=view.accounts_total,
        runs=view.runs_succeeded + view.runs_failed,
        hour=f"Runs in the last hour, {_hour(view)}",
        accounts=[_account_row(one) for one in view.accounts],
        more=f"and {people_count(more, 'account')} more" if more else "",
        held=[
            f"{held.recipe_title}: {people_count(held.jobs, 'job')} can’t start, {_HELD[held.reason]}"
            for held in view.held
        ],
        stuck=[StuckRow(str(one.job_id), one.status, _iso(one.since), one.why) for one in view.stuck],
    )


def lag_sentence(lag: Lag) -> str:
    """How quickly dropped files were begun, of the last day: ``Half of 40 files were begun within 3 s``."""
    if lag.median_s is None or lag.longest_s is None:
        return "Nothing was dropped into a folder and begun in the last day."
    longest = _lag(lag.longest_s)
    if lag.files == 1:
        return f"One file was dropped in the last day, and begun after {longest}."
    of = f"the newest {LAG_FILES:,} files" if lag.files == LAG_FILES else f"{lag.files} files"
    half = f"In the last day, half of {of} were begun within {_lag(lag.median_s)} of their drop"
    return f"{half}; the longest wait was {longest}."


def _lag(seconds: float) -> str:
    return people_seconds(seconds) if seconds >= 1 else "1 s"


def _hour(view: LineView) -> str:
    if view.runs_failed:
        return f"{view.runs_failed} failed"
    return "all went well" if view.runs_succeeded else "none"


def people_count(number: int, noun: str) -> str:
    """``1 job``, ``3 jobs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


_HELD: Final = {
    "no_server": "no server answers.",
    "server_away": "the servers that can run it are away.",
    "draining": "the servers are being drained.",
    "no_worker": "no worker takes jobs.",
    "no_able_server": "no server has what it needs.",
}


def _server_row(view: ServerView, pool: Sequence[ServerView]) -> ServerRow:
    sentence, tone, detail = _health(view)
    good = next((run for run in view.runs if run.outcome == "succeeded"), None)
    bad = next((run for run in view.runs if run.outcome in _FAILED), None)
    return ServerRow(
        id=str(view.id),
        title=_title(view),
        address=view.url,
        made="" if _title(view) == _BUILT_IN else _made(view),
        state=view.state,
        tone=tone,
        sentence=sentence,
        detail=detail,
        answered_at=_iso(view.last_seen_at) if view.state == "offline" else "",
        slots=f"{len(view.running)} of {view.slots} busy",
        devices=[_device(device) for device in view.devices],
        running=[RunningRow(one.recipe_title, one.email or "", _iso(one.started_at)) for one in view.running],
        recipes=_recipes(view.recipes),
        able=", ".join(one.title for one in view.recipes if one.able),
        lacking=[LackRow(one.title, one.missing) for one in view.recipes if not one.able],
        marks=[_mark(run) for run in reversed(view.runs) if run.outcome in (*_FAILED, "succeeded")],
        good_at=_iso(good.ended_at) if good else "",
        bad_at=_iso(bad.ended_at) if bad else "",
        bad_why=_why(bad) if bad else "",
        can_resume=view.state in ("draining", "quarantined"),
        can_remove=not view.running,
        fixed=view.from_settings,
        leaving=_leaving(view, pool),
        note=_note(view),
    )


_FAILED: Final = ("failed", "lost")


def _health(view: ServerView) -> tuple[str, str, str]:
    """What a server does, in a few words; their tone; and why, where something is wrong."""
    busy = len(view.running)
    reason = _plain(view.last_error or "")
    if view.state == "online":
        return ("Busy", "alive", "") if busy else ("Ready", "good", "")
    if view.state == "draining":
        left = (
            f"Draining: {people_count(busy, 'job')} still there" if busy else "Drained: it gets nothing new"
        )
        return left, "", f"It does not answer: {reason}" if reason and _is_silent(view) else ""
    if view.state == "quarantined":
        return (
            _quarantine(view),
            "bad",
            f"{people_count(view.failures, 'run')} failed by its own fault: {reason}",
        )
    if not reason:
        return "Being asked", "", "It gets jobs as soon as it answers"
    return ("Not answering" if view.last_seen_at else "Has not answered yet"), "bad", reason


def _plain(reason: str) -> str:
    """An error as it can be read: ``ConnectError('[Errno 111] Connection refused')`` is just the refusal."""
    inner = re.fullmatch(r"\w+\((['\"])(?:\[Errno -?\d+\] )?(.+)\1\)", reason)
    return (inner[2] if inner else reason).rstrip(". ")


def _quarantine(view: ServerView) -> str:
    left = (view.quarantined_until - datetime.now(UTC)).total_seconds() if view.quarantined_until else 0.0
    return f"In quarantine, {people_seconds(left)} more" if left > 0 else "In quarantine, about to come back"


def _is_silent(view: ServerView) -> bool:
    return view.last_seen_at is None or datetime.now(UTC) - view.last_seen_at > _SILENT


def _title(view: ServerView) -> str:
    if view.built_in and view.from_settings and not view.name:
        return _BUILT_IN
    return view.name or urlsplit(view.url).netloc


def _made(view: ServerView) -> str:
    if view.built_in:
        return _BUILT_IN
    return f"ComfyUI {view.version}" if view.version else "ComfyUI"


def _note(view: ServerView) -> str:
    notes = []
    if view.has_secret:
        notes.append("Asked with a password or header, stored encrypted.")
    if view.from_settings:
        notes.append(
            "Starts with Creator." if view.built_in else "Named in COMFYUI_SERVERS: it is taken out there."
        )
    return " ".join(notes)


def _leaving(view: ServerView, pool: Sequence[ServerView]) -> str:
    """What happens to jobs when the server is taken out."""
    if view.running:
        some = (
            "1 job runs there. It ends"
            if len(view.running) == 1
            else (f"{len(view.running)} jobs run there. They end")
        )
        return f"{some} there first: drain the server, and remove it when it is idle."
    elsewhere = {one.slug for other in pool if other.id != view.id for one in other.recipes if one.able}
    alone = [one.title for one in view.recipes if one.able and one.slug not in elsewhere]
    if not alone:
        return "Nothing runs there. Jobs that wait go to the other servers. You can add it again at any time."
    named = ", ".join(alone[:_NAMED]) + (f" and {len(alone) - _NAMED} more" if len(alone) > _NAMED else "")
    return f"Nothing runs there. But no other server can run {named}: such jobs wait, or are refused."


def _device(device: DeviceView) -> str:
    if not device.memory_bytes:
        return device.name
    free = f"{_gigabytes(device.free_bytes)} of " if device.free_bytes else ""
    return f"{device.name} · {free}{_gigabytes(device.memory_bytes)} GB{' free' if free else ''}"


def _gigabytes(size: int | None) -> str:
    amount = (size or 0) / 2**30
    return f"{amount:.0f}" if amount >= 10 else f"{amount:.1f}"


def _recipes(recipes: Sequence[RecipeAbility]) -> str:
    if not recipes:
        return "Not known yet"
    able = sum(one.able for one in recipes)
    return f"All {len(recipes)}" if able == len(recipes) else f"{able} of {len(recipes)}"


def _mark(run: RunView) -> MarkRow:
    good = run.outcome == "succeeded"
    return MarkRow("good" if good else "bad", "went well" if good else _why(run))


def _why(run: RunView) -> str:
    kind = (run.error_kind or run.outcome).replace("_", " ")
    if not run.error_detail:
        return kind
    detail = run.error_detail.splitlines()[0][:200]
    return detail if kind == "unknown" else f"{kind}: {detail}"


def _account_row(one: AccountInLine) -> AccountRow:
    return AccountRow(
        email=one.email or str(one.account_id),
        running=one.running,
        waiting=one.waiting,
        share=f"{one.weight:g}",
        limit=str(one.max_running) if one.max_running is not None else "none",
    )


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
