"""How long it took from a fault until the jobs that it hit moved on, read from the jobs' histories."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from creator_app.models import JobEvent
from tests.chaos.faults import Harm
from tests.chaos.load import Accepted
from tests.chaos.watch import Hit, Leased

#: What a job's history says first when its runner, or its server, was lost.
_SIGNS = ("taken_over", "will_retry")
_OF_A_RUNNER = ("kill worker", "kill work-horse", "stop work-horse")


@dataclass(frozen=True)
class Recovery:
    """What a kind of fault did.

    Attributes:
        kind: of fault.
        times: how often it was done.
        seconds: for each job that was hit, until its state changed next.
    """

    kind: str
    times: int
    seconds: Sequence[float]


class Histories:
    """The jobs' events, to be asked what came after a moment."""

    def __init__(self, events: Iterable[JobEvent]) -> None:
        self._of: dict[UUID, list[JobEvent]] = defaultdict(list)
        self._claims: list[datetime] = []
        for event in sorted(events, key=lambda event: (event.at, event.id or 0)):
            self._of[event.job_id].append(event)
            if event.kind == "claimed":
                self._claims.append(event.at)

    def until_it_moved(self, leased: Iterable[Leased], at: datetime, *, signs_only: bool) -> list[float]:
        """Seconds until each job's next change of state.

        Args:
            leased: the jobs that may have been hit.
            at: when.
            signs_only: count only those whose history says next that their runner or server was lost.
        """
        found = []
        for one in leased:
            later = [event for event in self._of[one.job_id] if event.at > at]
            if not later or (signs_only and later[0].kind not in _SIGNS):
                continue
            changes = (event.at for event in later if event.to_status is not None)
            found += [(moved - at).total_seconds() for moved in changes][:1]
        return found

    def until_a_claim(self, at: datetime) -> list[float]:
        """Seconds until some waiting job was started; empty where none was any more."""
        n = bisect_right(self._claims, at)
        return [(self._claims[n] - at).total_seconds()] if n < len(self._claims) else []


def recoveries(
    harms: Sequence[Harm], hits: Sequence[Hit], accepted: Sequence[Accepted], histories: Histories
) -> list[Recovery]:
    """One line for each kind of fault and each crash point."""
    answers = sorted(one.at for one in accepted)
    found: dict[str, list[list[float]]] = defaultdict(list)
    for harm in harms:
        found[harm.kind].append(_of_harm(harm, answers, histories))
    for hit in hits:
        seconds = (
            _until_an_answer(hit.at, answers)
            if hit.in_web
            else histories.until_it_moved(hit.leased, hit.at, signs_only=True)
        )
        found[f"crash at {hit.point}"].append(seconds)
    return [Recovery(kind, len(each), [s for one in each for s in one]) for kind, each in found.items()]


def _of_harm(harm: Harm, answers: Sequence[datetime], histories: Histories) -> list[float]:
    if harm.kind == "kill web":
        return _until_an_answer(harm.at, answers)
    if harm.kind == "kill and wipe valkey":
        return histories.until_a_claim(harm.at)
    if harm.server_url is not None:
        there = [one for one in harm.leased if one.server_url == harm.server_url]
        return histories.until_it_moved(there, harm.at, signs_only=False)
    runner = harm.kind in _OF_A_RUNNER
    return histories.until_it_moved(harm.leased, harm.at, signs_only=runner)


def _until_an_answer(at: datetime, answers: Sequence[datetime]) -> list[float]:
    n = bisect_right(answers, at)
    return [(answers[n] - at).total_seconds()] if n < len(answers) else []
