"""Our RQ worker: forks a work-horse for each ticket, and ends at once when told to.

A job that was under way when its worker ended is not lost: its lease runs out and another run attaches to
the prompt. That is why SIGTERM needs no warm shutdown here.
"""

from types import FrameType

from rq import Queue, Worker

from creator_app.bootstrap import get_creator
from creator_app.infrastructure.logging import get_logger
from creator_app.infrastructure.queue import QUEUE_NAME

log = get_logger(__name__)


class TicketWorker(Worker):
    """An RQ worker for tickets."""

    #: RQ waits ever longer for a Redis that is away; the embedded one is back within a second.
    max_connection_wait_time = 1.0

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Ends the work-horse and this process at the first signal."""
        if self.horse_pid:
            self.kill_horse()
            self.wait_for_horse()
        raise SystemExit(0)


def work() -> None:
    """Works on tickets until told to stop."""
    creator = get_creator()
    connection = creator.tickets.connection()
    worker = TicketWorker([Queue(QUEUE_NAME, connection=connection)], connection=connection)
    worker.work(with_scheduler=False, logging_level="WARNING")
