"""Our RQ worker: forks a work-horse for each ticket, and ends at once when told to.

A job that was under way when its worker ended is not lost: its lease runs out and another run attaches to
the prompt. That is why SIGTERM needs no warm shutdown here.
"""

import os
from types import FrameType
from typing import Any, Final

from rq import Queue, Worker

from creator_app.bootstrap import get_creator
from creator_app.infrastructure.logging import get_logger
from creator_app.infrastructure.queue import QUEUE_NAME
from jobs_worker.pulse import Pulse

log = get_logger(__name__)

#: RQ waits for a ticket 15 s less than this, and says after each wait that it lives.
_TTL_S: Final = 20
_LOOK_AT_HORSE_S: Final = 5


class TicketWorker(Worker):
    """An RQ worker for tickets."""

    #: RQ waits ever longer for a Redis that is away; the embedded one is back within a second.
    max_connection_wait_time = 1.0
    pulse: Pulse

    def heartbeat(self, *arguments: Any, **options: Any) -> None:
        """RQ calls this each time that its loop comes round, and while it waits for a work-horse."""
        super().heartbeat(*arguments, **options)
        if os.getpid() == self.pid:  # the work-horse calls it, too, and says nothing of this loop
            self.pulse.round()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Ends the work-horse and this process at the first signal."""
        if self.horse_pid:
            self.kill_horse()
            self.wait_for_horse()
        raise SystemExit(0)  # its beat ends by itself: a signal may come in the middle of a transaction


def work() -> None:
    """Works on tickets until told to stop."""
    creator = get_creator()
    connection = creator.tickets.connection()
    worker = TicketWorker(
        [Queue(QUEUE_NAME, connection=connection)],
        connection=connection,
        worker_ttl=_TTL_S,
        job_monitoring_interval=_LOOK_AT_HORSE_S,
    )
    worker.pulse = Pulse(creator, "worker")
    worker.work(with_scheduler=False, logging_level="WARNING")
