"""What runs on a clock: the sweeper and the look at the servers. Part of every stack, a process of its own.

Several clocks may run; a lease in the database lets one of them act.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta

from creator_app.bootstrap import Creator, get_creator
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import get_logger
from creator_app.models import ClockLease
from creator_app.services import sweeper
from jobs_worker.pulse import Pulse
from jobs_worker.server_watch import ServerWatch

log = get_logger(__name__)

_LEASE = "clock"
_LEASE_TIME = timedelta(seconds=6)


def run() -> None:
    """Ticks until told to stop."""
    stop, holding = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    creator = get_creator()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    # In a thread of its own: a server that hangs must not hold up the sweeper.
    threading.Thread(target=_watch, args=(creator, stop, holding), name="server-watch", daemon=True).start()
    said = Pulse(creator, "clock")
    while True:
        _guarded(lambda: tick(creator, holder, holding), "tick")
        said.round()
        if stop.wait(creator.settings.sweep_seconds):
            return


def tick(creator: Creator, holder: str, holding: threading.Event) -> None:
    """Does what is due, if this process holds the clock's lease.

    Args:
        creator: this process's Creator.
        holder: what this clock is called.
        holding: set while this process holds the lease.
    """
    if not _hold(creator, holder):
        holding.clear()
        return
    holding.set()
    _guarded(lambda: sweep(creator), "sweep")


def _watch(creator: Creator, stop: threading.Event, holding: threading.Event) -> None:
    watch = ServerWatch(creator)
    while not stop.is_set():
        if holding.wait(creator.settings.sweep_seconds):
            _guarded(watch.look, "look_at_servers")
            stop.wait(creator.settings.sweep_seconds)


def sweep(creator: Creator) -> None:
    """Replaces lost tickets and brings waiting jobs up to date."""
    with creator.uow.write() as work:
        sweeper.sweep(work)
        needed = sweeper.tickets_needed(work)
    missing = needed - creator.tickets.waiting() if needed else 0
    if missing > 0:
        creator.tickets.issue(missing)


def _hold(creator: Creator, holder: str) -> bool:
    with creator.uow.write() as work:
        now = db_now(work.session)
        lease = work.session.get(ClockLease, _LEASE, with_for_update=True)
        if lease is None:
            lease = ClockLease(name=_LEASE, holder=holder, expires_at=now + _LEASE_TIME)
        elif lease.holder != holder and lease.expires_at > now:
            return False
        lease.holder = holder
        lease.expires_at = now + _LEASE_TIME
        work.session.add(lease)
    return True


def _guarded(act: Callable[[], None], name: str) -> None:
    # One bad tick must not end the clock: the next one tries again.
    try:
        act()
    except Exception as error:  # noqa: BLE001
        log.warning("clock_task_failed", task=name, error=repr(error))
