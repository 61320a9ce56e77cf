"""What RQ calls. A ticket carries no data: whoever takes it runs the next job."""

from creator_app.bootstrap import after_fork, get_creator
from jobs_worker.runner import run_next as _run_next


def run_next() -> bool:
    """Runs the next job, if there is one.

    Returns:
        Whether there was anything to do.
    """
    after_fork()
    return _run_next(get_creator())
