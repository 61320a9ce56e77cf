"""Who is next: start-time fair queueing over accounts.

Each account has a *turn*, the virtual time at which its next job may start; the line has a *clock*, the
virtual time at which the last one did. Starting a job costs an account ``1 / weight``. An account that was
away does not save up turns: it begins at the clock. So one with a single job never stands behind another
one's hundred, and an account of weight 2 gets two jobs for every one of weight 1.

Rule: Goyal, Vin, Cheng, "Start-time Fair Queueing", 1996, with every job of cost 1.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass


def start_tag(turn: float, clock: float) -> float:
    """The virtual time at which an account's next job starts.

    Args:
        turn: the account's.
        clock: the line's.
    """
    return max(turn, clock)


def next_turn(start: float, weight: float) -> float:
    """The account's turn after a job that started at ``start``.

    Args:
        start: as `start_tag` gave it.
        weight: the account's share, above 0.
    """
    return start + 1 / weight


@dataclass(frozen=True)
class Share:
    """An account that has jobs in the line.

    Attributes:
        turn: its turn.
        weight: its share, above 0.
        queued: how many jobs it has waiting.
    """

    turn: float
    weight: float
    queued: int


def jobs_before(own: Share, own_ahead: int, others: Iterable[Share], clock: float) -> list[int]:
    """How many jobs of each other account start before one of this account's.

    Args:
        own: the account of the job.
        own_ahead: how many of the account's own jobs go before it.
        others: the other accounts that wait.
        clock: the line's.

    Returns:
        A number for each of ``others``, in their order. A tie counts as before: better to promise less.
    """
    start = start_tag(own.turn, clock) + own_ahead / own.weight
    return [
        min(other.queued, max(0, math.floor((start - start_tag(other.turn, clock)) * other.weight) + 1))
        for other in others
    ]
