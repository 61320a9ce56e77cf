"""Which faults happen when. The same seed and number of jobs give the same plan."""

import random
from dataclasses import dataclass
from typing import Final

from creator_app.infrastructure.crash_points import POINTS

#: How a process or a line is hurt.
KINDS: Final = (
    "kill worker",
    "kill work-horse",
    "kill embedded engine",
    "kill outside engine",
    "kill and wipe valkey",
    "kill web",
    "kill clock",
    "stop work-horse",
    "cut sockets",
    "stall sockets",
    "refuse sockets",
)
CRASH: Final = "crash point"
#: No fault later than this share of the jobs: points of the way in are only reached while jobs come in.
_UNTIL: Final = 0.6
_JOBS_PER_FAULT: Final = 6


@dataclass(frozen=True)
class Fault:
    """Something that will go wrong.

    Attributes:
        after_jobs: it happens once so many jobs have ended.
        kind: one of `KINDS`, or `CRASH`.
        point: which crash point is armed; empty for other kinds.
        pick: which of the processes or lines that it could hit, from 0 to 1.
        seconds: how long it lasts, or the victim is given before it is hit.
    """

    after_jobs: int
    kind: str
    point: str
    pick: float
    seconds: float


def make_plan(seed: int, jobs: int) -> list[Fault]:
    """Every kind and every crash point at least once, the rest by chance, spread over the jobs."""
    chance = random.Random(f"faults {seed} {jobs}")
    what = [(kind, "") for kind in KINDS] + [(CRASH, point) for point in POINTS]
    while len(what) < jobs // _JOBS_PER_FAULT:
        what.append(chance.choice([(kind, "") for kind in KINDS] + [(CRASH, chance.choice(POINTS))] * 4))
    chance.shuffle(what)
    step = jobs * _UNTIL / len(what)
    return [
        Fault(int((n + 0.5) * step), kind, point, chance.random(), chance.uniform(0.5, 3.0))
        for n, (kind, point) in enumerate(what)
    ]
