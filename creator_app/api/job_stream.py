"""The events of one job, the same over SSE and websocket: ``job`` (all of it), ``progress``, ``deleted``."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.concurrency import run_in_threadpool

from creator_app.api.dependencies import Caller, find_caller
from creator_app.api.feed import Watch, feed
from creator_app.bootstrap import Creator
from creator_app.domain.job_state import FINAL, JobStatus
from creator_app.errors import NotFound, NotSignedIn
from creator_app.services import job_view, jobs
from creator_app.services.job_view import JobView

# A stream ends after this and its reader comes back: no connection outlives a deploy or a forgotten tab for
# long.
MAX_LIFETIME_S: Final = 600.0
KEEP_ALIVE_S: Final = 15.0
_LOOK_EVERY_S: Final = 3.0
_AT_MOST_EVERY_S: Final = 0.05
_CLOCKS: Final = frozenset({"eta_seconds", "starts_in", "ends_in"})


@dataclass(frozen=True)
class Event:
    """What a stream tells.

    Attributes:
        name: ``job``, ``progress`` or ``deleted``.
        data: of it.
        mark: tells one state of the job from another; ``None`` where the event is none.
    """

    name: str
    data: dict[str, Any]
    mark: str | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing can follow."""
        final = self.name == "job" and JobStatus(self.data["status"]) in FINAL
        return final or self.name == "deleted"


def read_view(creator: Creator, caller: Caller, job_id: UUID) -> JobView:
    """The job as it is now. Blocks.

    Raises:
        NotFound: the caller's account has no such job.
    """
    with creator.uow.read() as work:
        job = jobs.get(work, caller.account_id, job_id)
        return job_view.views(work, creator.snapshots, [job])[0]


def job_event(view: JobView) -> Event:
    """The event that tells all of a job."""
    data = view.model_dump(mode="json")
    progress = {key: value for key, value in data["progress"].items() if key not in _CLOCKS}
    # Times change by themselves, and are no news.
    text = json.dumps(data | {"progress": progress}, sort_keys=True)
    return Event("job", data, hashlib.sha256(text.encode()).hexdigest()[:16])


async def events(
    creator: Creator, caller: Caller, job_id: UUID, known: str | None = None
) -> AsyncIterator[Event | None]:
    """The job as it is now, then what changes, until it ends; ``None`` now and then to keep the line open.

    Args:
        creator: this process's Creator.
        caller: who asks; when they may not any more, it ends.
        job_id: which job.
        known: the mark of what the caller was told before, on a line that broke: it is not told again.
    """
    redis_url = creator.settings.redis_url_for(1)
    async with feed.watch(caller.account_id, job_id, redis_url) as watch:
        watch.changed.set()
        until, looked, told = time.monotonic() + MAX_LIFETIME_S, 0.0, time.monotonic()
        while time.monotonic() < until and not feed.stopping:
            event: Event | None = None
            if watch.changed.is_set() or time.monotonic() - looked > _LOOK_EVERY_S:
                watch.changed.clear()
                looked = time.monotonic()
                event = await _look(creator, caller, job_id)
                if event is None:
                    return
                if event.mark is not None and event.mark == known:
                    if event.is_last:
                        return
                    event = None
                else:
                    known = event.mark
            elif watch.progress:
                event = Event("progress", _progress(watch))
            if event is not None or time.monotonic() - told > KEEP_ALIVE_S:
                told = time.monotonic()
                yield event
            if event is not None and event.is_last:
                return
            await _rest(watch, event)


async def _look(creator: Creator, caller: Caller, job_id: UUID) -> Event | None:
    """The job, or ``None`` when who asked may not ask any more (logged out, key revoked)."""

    def look() -> JobView:
        find_caller(creator, caller.by, caller.secret)
        return read_view(creator, caller, job_id)

    try:
        view = await run_in_threadpool(look)
    except NotSignedIn:
        return None
    except NotFound:
        return Event("deleted", {"id": str(job_id)})
    return job_event(view)


async def _rest(watch: Watch, event: Event | None) -> None:
    if event is not None and event.name == "progress":
        # Progress can wait, a change of state can't.
        with suppress(TimeoutError):
            await asyncio.wait_for(watch.changed.wait(), _AT_MOST_EVERY_S)
    if not (watch.changed.is_set() or watch.progress):
        with suppress(TimeoutError):
            await asyncio.wait_for(watch.wake.wait(), _LOOK_EVERY_S)
    watch.wake.clear()


def _progress(watch: Watch) -> dict[str, Any]:
    told, watch.progress = watch.progress, {}
    return {name: value for name, value in told.items() if name not in ("at", "attempt")} | {
        "id": watch.job_id
    }
