"""When an automatic new attempt is worth it, and how long to wait before it."""

from datetime import timedelta
from typing import Final

MAX_ATTEMPTS: Final = 5
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 60.0


def may_try_again(attempts: int, *, retryable: bool) -> bool:
    """Whether a job that has had ``attempts`` runs may have one more after an error.

    Args:
        attempts: runs so far, the failed one included.
        retryable: whether a repeat can mend this kind of error at all.
    """
    return retryable and attempts < MAX_ATTEMPTS


def wait_before(attempts: int) -> timedelta:
    """How long to wait after run number ``attempts`` failed: 1 s, 3 s, 9 s, … at most a minute."""
    return timedelta(seconds=min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 3 ** max(0, attempts - 1)))
