"""What runs on a clock: the sweeper and the servers' health. Part of every stack, in one process of its own.

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
from creator_app.integrations.comfyui import get_comfyui_client
from creator_app.models import ClockLease
from creator_app.services import servers, sweeper

log = get_logger(__name__)

_LEASE = "clock"
_LEASE_TIME = timedelta(seconds=6)


def run() -> None:
    """Ticks until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    creator = get_creator()
    holder = f"{socket.gethostname()}:{os.getpid()}"
    while True:
        _guarded(lambda: tick(creator, holder), "tick")
        if stop.wait(creator.settings.sweep_seconds):
            return


def tick(creator: Creator, holder: str) -> None:
    """Does what is due, if this process holds the clock's lease."""
    if not _hold(creator, holder):
        return
    _guarded(lambda: look_at_servers(creator), "look_at_servers")
    _guarded(lambda: sweep(creator), "sweep")


def sweep(creator: Creator) -> None:
    """Replaces lost tickets and brings waiting jobs up to date."""
    with creator.uow.write() as work:
        sweeper.sweep(work)
        needed = sweeper.tickets_needed(work)
    missing = needed - creator.tickets.waiting() if needed else 0
    if missing > 0:
        creator.tickets.issue(missing)


def look_at_servers(creator: Creator) -> None:
    """Asks each ComfyUI server whether it answers, and notes it where that changed."""
    with creator.uow.write() as work:
        servers.register(work, creator.settings.comfyui_servers)
    with creator.uow.read() as work:
        rows = [(server.id, server.url, server.state) for server in servers.watched(work)]
    for server_id, url, state in rows:
        answers = _answers(url)
        if not answers or state != "online":
            with creator.uow.write() as work:
                servers.mark(work, server_id, answers=answers)


def _answers(url: str) -> bool:
    client = get_comfyui_client(url)
    try:
        client.system_stats()
    except Exception:  # noqa: BLE001  whatever it is: it did not answer
        return False
    finally:
        client.close()
    return True


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
