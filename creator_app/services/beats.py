"""Which processes work: each says so from its own loop, so that one that hangs falls silent.

A process id tells nothing of a process that is stopped, or that waits for ever; a missing beat does.
"""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import delete
from sqlmodel import col, func, select

from creator_app.infrastructure.database import db_now
from creator_app.models import Beat, ComfyServer
from creator_app.services.unit_of_work import Work

Part = Literal["worker", "clock", "courier"]

#: How often a process says that it works, in seconds.
EVERY_S: Final = 5.0
#: Silent for longer than this, it is taken for gone: several beats may be late on a busy machine.
SILENT: Final = timedelta(seconds=25)
_FORGOTTEN: Final = timedelta(hours=1)


@dataclass(frozen=True)
class LastBeat:
    """What is known of a process.

    Attributes:
        silent_s: seconds since its last beat.
        alive: whether that is short enough.
    """

    name: str
    part: str
    silent_s: float
    alive: bool


def name_of(pid: int) -> str:
    """What a process of this machine is called."""
    return f"{socket.gethostname()}:{pid}"


def beat(work: Work, part: Part) -> None:
    """Says that this process's loop has just come round, and forgets those that have long been gone."""
    now, name = db_now(work.session), name_of(os.getpid())
    row = work.session.get(Beat, name) or Beat(name=name, part=part, seen_at=now)
    row.part, row.seen_at = part, now
    work.session.add(row)
    work.session.execute(delete(Beat).where(col(Beat.seen_at) < now - _FORGOTTEN))


def last(work: Work) -> list[LastBeat]:
    """All processes that were heard of within the last hour."""
    now = db_now(work.session)
    return [_known(row, now) for row in work.session.exec(select(Beat).order_by(Beat.name))]


def _known(row: Beat, now: datetime) -> LastBeat:
    silent = now - row.seen_at
    return LastBeat(row.name, row.part, max(0.0, silent.total_seconds()), silent <= SILENT)


def shortage(work: Work) -> str | None:
    """What to do where servers could run more at a time than workers are there to follow; else ``None``."""
    alive = workers(work)
    slots = sum(
        one.slots for one in work.session.exec(select(ComfyServer).where(ComfyServer.state == "online"))
    )
    if not alive or slots <= alive:
        return None
    are = "1 worker is" if alive == 1 else f"{alive} workers are"
    return (
        f"{slots} jobs could run at a time, but {are} there to follow them: set WORKERS={slots} in .env and "
        "start Creator again."
    )


def workers(work: Work) -> int | None:
    """How many workers are alive; ``None`` where none was ever heard of, so that nothing can be said."""
    since = db_now(work.session) - SILENT
    if work.session.exec(select(Beat.name).where(Beat.part == "worker").limit(1)).first() is None:
        return None
    alive = select(func.count()).select_from(Beat).where(Beat.part == "worker", col(Beat.seen_at) >= since)
    return work.session.exec(alive).one()
