"""Where a waiting job stands in the line, and when it will probably start and end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from statistics import median
from uuid import UUID

from creator_app.domain import expectations, fairness
from creator_app.domain.expectations import NOTHING, Span
from creator_app.domain.fairness import Share
from creator_app.infrastructure.database import db_now
from creator_app.models import LINE, Account, ComfyServer, Job, Scheduler
from creator_app.repositories.attempts import AttemptRepository
from creator_app.repositories.line import LineRepository, Waiting
from creator_app.services import abilities, beats, servers
from creator_app.services.unit_of_work import Work


@dataclass(frozen=True)
class Outlook:
    """What can be said of a job that has not ended. Ranges in seconds from now; ``None`` where nobody knows.

    Attributes:
        position: how many jobs start before it; ``None`` once it runs.
        starts_in: when it starts; nothing once it runs.
        ends_in: when its run ends.
        cold_start: how much of its run is spent loading what no server has loaded now.
    """

    position: int | None = None
    starts_in: Span | None = None
    ends_in: Span | None = None
    cold_start: float | None = None


@dataclass
class Outlooks:
    """Answers for several jobs in one transaction; what they share is asked once.

    Args:
        work: a reading transaction.
    """

    work: Work
    _spans: dict[UUID, Span | None] = field(default_factory=dict)

    def of(self, job: Job) -> Outlook:
        """The outlook of a job that is queued, running or saving."""
        own = self.span(job.recipe_version_id)
        if job.status != "queued":
            if own is None or job.started_at is None:
                return Outlook()
            elapsed = (self._now - job.started_at).total_seconds()
            return Outlook(ends_in=expectations.left(own, elapsed))
        before = self._before(job)
        position = sum(number for _, number in before)
        starts = self._own_limit(job, self._starts_in(job, before))
        cold = self._cold_start(job.recipe_version_id)
        if starts is None or own is None:
            return Outlook(position, starts, None, cold)
        return Outlook(position, starts, starts + own + Span(cold or 0.0, cold or 0.0), cold)

    def span(self, recipe_version_id: UUID) -> Span | None:
        """What a run of a recipe version usually takes on the servers that there are."""
        if recipe_version_id not in self._spans:
            runs = AttemptRepository(self.work.session).run_seconds(
                recipe_version_id, server_kind=self._usual_kind, cold=False
            ) or AttemptRepository(self.work.session).run_seconds(recipe_version_id)
            self._spans[recipe_version_id] = expectations.usual(runs)
        return self._spans[recipe_version_id]

    @cached_property
    def _now(self) -> datetime:
        return db_now(self.work.session)

    @cached_property
    def _clock(self) -> float:
        line = self.work.session.get(Scheduler, LINE)
        return line.clock if line else 0.0

    @cached_property
    def _waiting(self) -> list[Waiting]:
        return LineRepository(self.work.session).waiting()

    @cached_property
    def _servers(self) -> Sequence[ComfyServer]:
        return [server for server in servers.every(self.work) if server.state == "online"]

    @cached_property
    def _workers(self) -> int | None:
        return beats.workers(self.work)

    @cached_property
    def _usual_kind(self) -> str | None:
        kinds = {server.kind for server in self._servers}
        return kinds.pop() if len(kinds) == 1 else None

    @cached_property
    def _running(self) -> list[Span]:
        found = []
        for version_id, started_at in AttemptRepository(self.work.session).occupying():
            span = self.span(version_id) if version_id else None
            if span is not None:
                found.append(expectations.left(span, (self._now - started_at).total_seconds()))
        return found

    def _before(self, job: Job) -> list[tuple[UUID, int]]:
        """How many jobs of which recipe version start before this one."""
        account = self.work.session.get(Account, job.account_id)
        if account is None:
            return []
        own_lanes = LineRepository(self.work.session).own_before(job)
        own_ahead = sum(number for _, number in own_lanes)
        accounts: dict[UUID, list[Waiting]] = {}
        for lane in self._waiting:
            if lane.account_id != job.account_id:
                accounts.setdefault(lane.account_id, []).append(lane)
        shares = [
            Share(lanes[0].turn, lanes[0].weight, sum(lane.jobs for lane in lanes))
            for lanes in accounts.values()
        ]
        own = Share(account.turn, account.weight, own_ahead + 1)
        numbers = fairness.jobs_before(own, own_ahead, shares, self._clock)
        before = list(own_lanes)
        for lanes, number in zip(accounts.values(), numbers, strict=True):
            before += _spread(lanes, number)
        return before

    def _starts_in(self, job: Job, before: list[tuple[UUID, int]]) -> Span | None:
        able = {row.server_id for row in abilities.known(self.work, job.recipe_version_id) if row.able}
        slots = sum(server.slots for server in self._servers if server.id in able)
        if self._workers is not None:  # a slot without a worker starts nothing
            slots = min(slots, self._workers)
        if not slots:
            return None
        ahead = NOTHING
        for version_id, number in before:
            span = self.span(version_id) or self.span(job.recipe_version_id)
            if span is None:
                return None
            ahead = ahead + span.times(number)
        if not before and len(self._running) < slots:
            return NOTHING
        return expectations.until_start(ahead, self._running, slots)

    def _own_limit(self, job: Job, starts: Span | None) -> Span | None:
        """The same, where the account's own limit lets its jobs run one after the other."""
        account = self.work.session.get(Account, job.account_id)
        if starts is None or account is None or account.max_running is None:
            return starts
        running = [
            expectations.left(span, (self._now - started_at).total_seconds())
            for version_id, started_at in AttemptRepository(self.work.session).occupying(job.account_id)
            if version_id and (span := self.span(version_id))
        ]
        ahead, number = NOTHING, 0
        for version_id, count in LineRepository(self.work.session).own_before(job):
            span = self.span(version_id) or self.span(job.recipe_version_id)
            ahead, number = ahead + (span or NOTHING).times(count), number + count
        if number + len(running) < account.max_running:
            return starts
        own = expectations.until_start(ahead, running, account.max_running)
        return Span(max(starts.low, own.low), max(starts.high, own.high))

    def _cold_start(self, recipe_version_id: UUID) -> float | None:
        """What loading takes, where no server has this recipe's models loaded and past runs tell."""
        if any(server.warm_recipe_version_id == recipe_version_id for server in self._servers):
            return None
        repository = AttemptRepository(self.work.session)
        cold = repository.run_seconds(recipe_version_id, cold=True)
        warm = repository.run_seconds(recipe_version_id, cold=False)
        if not cold or not warm:
            return None
        extra = median(cold) - median(warm)
        return round(extra, 1) if extra >= _WORTH_A_WORD_S else None


#: A shorter cold start is nothing that anybody notices.
_WORTH_A_WORD_S = 2.0


def _spread(lanes: Sequence[Waiting], number: int) -> list[tuple[UUID, int]]:
    """``number`` jobs of an account over its lanes: which of them go first is not worth knowing here."""
    found = []
    for lane in lanes:
        taken = min(number, lane.jobs)
        number -= taken
        if taken:
            found.append((lane.recipe_version_id, taken))
    return found
