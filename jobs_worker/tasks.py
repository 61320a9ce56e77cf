"""What RQ calls. A ticket carries no data: whoever takes it runs the next job."""

from creator_app.bootstrap import after_fork, get_creator
from creator_app.infrastructure.logging import bind
from creator_app.infrastructure.queue import ticket_request_id
from jobs_worker.runner import run_next as _run_next


def run_next() -> bool:
    """Runs the next job, if there is one.

    Returns:
        Whether there was anything to do.
    """
    after_fork()
    bind(request_id=ticket_request_id())
    return _run_next(get_creator())
