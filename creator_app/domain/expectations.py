"""When a job will probably start and end, as ranges. Pure arithmetic on past run times."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

#: With fewer runs than this, their spread says nothing.
_ENOUGH: Final = 4
_SPREAD: Final = 0.3


@dataclass(frozen=True)
class Span:
    """A range of seconds; half of the past runs lie within it."""

    low: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> "Span":
        """The range for ``factor`` such runs one after the other."""
        return Span(self.low * factor, self.high * factor)


NOTHING: Final = Span(0.0, 0.0)


def usual(runs: Sequence[float]) -> Span | None:
    """What a run takes: the middle half of past ones, or the median give or take where there are few.

    Args:
        runs: how long past ones took, in seconds.
    """
    if not runs:
        return None
    if len(runs) < _ENOUGH:
        middle = median(runs)
        return Span(middle * (1 - _SPREAD), middle * (1 + _SPREAD))
    low, _, high = quantiles(runs, n=4, method="inclusive")
    return Span(low, high)


def left(span: Span, elapsed: float) -> Span:
    """What is left of a run after ``elapsed`` seconds."""
    return Span(max(0.0, span.low - elapsed), max(0.0, span.high - elapsed))


def until_start(ahead: Span, running: Sequence[Span], slots: int) -> Span:
    """How long a job waits.

    Args:
        ahead: the work of all jobs before it, added up.
        running: what is left of each job that runs now.
        slots: how many prompts run at a time on servers that can run it, at least 1.
    """
    total = ahead
    for one in running:
        total = total + one
    # The slots are handed on as each becomes free, so the whole of it is shared by all of them.
    return total.times(1 / max(1, slots))
