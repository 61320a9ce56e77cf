"""Why jobs wait: worked out whenever somebody looks, so that it is never out of date."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import select

from creator_app.domain.job_state import JobStatus
from creator_app.models import LINE, ComfyServer, Job, Scheduler
from creator_app.repositories.line import LineRepository
from creator_app.services import abilities, beats, shares
from creator_app.services.unit_of_work import JobChanged, Work

_TOLD_AT_ONCE = 50


class WaitingReason(StrEnum):
    """Why a queued job can't start, beside others being before it."""

    #: A run of it failed, and the next one comes after a pause.
    RETRY = "retry"
    #: No server answers.
    NO_SERVER = "no_server"
    #: Servers answer, but the one that can run this is away.
    SERVER_AWAY = "server_away"
    #: No server has what it needs, not even one that is away.
    NO_ABLE_SERVER = "no_able_server"
    #: The operator has stopped the line for now.
    PAUSED = "paused"
    #: The operator lets the servers finish and gives them nothing new.
    DRAINING = "draining"
    #: No process takes jobs.
    NO_WORKER = "no_worker"
    #: As many of the account's jobs run as may run at a time.
    LIMIT = "limit"


class Reasons:
    """Why jobs wait, asked for several of them in one transaction; each version is looked up once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        line = work.session.get(Scheduler, LINE)
        self._paused = line is not None and line.queue_paused
        self._found: dict[UUID, WaitingReason | None] = {}
        self._no_worker = beats.workers(work) == 0
        self._states = dict(work.session.exec(select(ComfyServer.id, ComfyServer.state)).all())
        self._at_limit: dict[UUID, bool] = {}

    def of(self, job: Job) -> WaitingReason | None:
        """Why a queued job can't start; ``None`` where it only waits for its turn."""
        if job.waiting_reason == WaitingReason.RETRY.value and job.available_at > datetime.now(UTC):
            return WaitingReason.RETRY
        return self.of_version(job.recipe_version_id) or self.of_account(job.account_id)

    def of_account(self, account_id: UUID) -> WaitingReason | None:
        """Why nothing of this account can start; ``None`` where something can."""
        if account_id not in self._at_limit:
            self._at_limit[account_id] = shares.at_limit(self._work, account_id)
        return WaitingReason.LIMIT if self._at_limit[account_id] else None

    def of_version(self, recipe_version_id: UUID) -> WaitingReason | None:
        """Why nothing of this version can start; ``None`` where something can."""
        if recipe_version_id not in self._found:
            self._found[recipe_version_id] = self._look(recipe_version_id)
        return self._found[recipe_version_id]

    def _look(self, recipe_version_id: UUID) -> WaitingReason | None:
        if self._paused:
            return WaitingReason.PAUSED
        if self._no_worker:
            return WaitingReason.NO_WORKER
        known = abilities.known(self._work, recipe_version_id)
        able = [self._states.get(row.server_id) for row in known if row.able]
        if "online" in able:
            return None
        if "online" not in self._states.values():
            draining = "draining" in able
            return WaitingReason.DRAINING if draining else WaitingReason.NO_SERVER
        everyone_known = len(known) >= len(self._states)
        return WaitingReason.NO_ABLE_SERVER if not able and everyone_known else WaitingReason.SERVER_AWAY


def explain(work: Work) -> None:
    """Tells open pages when the reason for waiting has changed.

    The head of each lane keeps the reason that was told last: what this costs grows with the accounts that
    wait, not with their jobs.
    """
    reasons = Reasons(work)
    for head in LineRepository(work.session).heads():
        if head.waiting_reason == WaitingReason.RETRY.value:
            continue
        found = reasons.of_version(head.recipe_version_id) or reasons.of_account(head.account_id)
        if head.waiting_reason != found:
            head.waiting_reason = found
            work.session.add(head)
            _tell_lane(work, head)


def _tell_lane(work: Work, head: Job) -> None:
    statement = (
        select(Job.id)
        .where(Job.account_id == head.account_id, Job.status == JobStatus.QUEUED.value)
        .where(Job.recipe_version_id == head.recipe_version_id)
        .limit(_TOLD_AT_ONCE)
    )
    for job_id in work.session.exec(statement):
        work.tell(JobChanged(head.account_id, job_id, JobStatus.QUEUED.value))
