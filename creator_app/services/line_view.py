"""The line as operators see it: who waits and runs, what holds jobs back, what is stuck."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func
from sqlmodel import col, select

from creator_app.domain.fairness import start_tag
from creator_app.domain.job_state import LEASED, Outcome
from creator_app.infrastructure.database import db_now
from creator_app.models import Account, Job, JobAttempt, Recipe, RecipeVersion, User
from creator_app.repositories.line import LineRepository, Waiting
from creator_app.services import stuck, switches
from creator_app.services.unit_of_work import Work
from creator_app.services.waiting import Reasons, WaitingReason

#: Accounts that are listed; the counts are of all.
_ACCOUNTS_SHOWN: Final = 25
_LATELY: Final = timedelta(hours=1)


class AccountInLine(BaseModel):
    """An account that has jobs waiting or running.

    Attributes:
        email: of its first user.
        weight: its share of the servers beside the others'.
        max_running: its limit, where it has one.
    """

    account_id: UUID
    email: str | None
    running: int
    waiting: int
    weight: float
    max_running: int | None


class HeldRecipe(BaseModel):
    """Waiting jobs of one recipe that can't start now, and why (a `WaitingReason`)."""

    recipe_title: str
    jobs: int
    reason: str


class StuckView(BaseModel):
    """A job that should have moved and did not."""

    model_config = ConfigDict(from_attributes=True)

    job_id: UUID
    status: str
    since: datetime
    why: str


class LineView(BaseModel):
    """The line.

    Attributes:
        intake_paused: new jobs are refused.
        queue_paused: waiting jobs are not started.
        accounts: who is next comes first; at most so many, `accounts_total` counts all.
        held: what can't start beside waiting for its turn.
        stuck: empty in health.
        runs_succeeded: runs that ended well in the last hour.
        runs_failed: runs that did not.
    """

    intake_paused: bool
    queue_paused: bool
    running: int
    waiting: int
    accounts: list[AccountInLine]
    accounts_total: int
    held: list[HeldRecipe]
    stuck: list[StuckView]
    runs_succeeded: int
    runs_failed: int


def view(work: Work) -> LineView:
    """How the line stands now."""
    line = switches.read(work)
    lanes = LineRepository(work.session).waiting()
    running = _running(work)
    accounts = _accounts(work, lanes, running, line.clock)
    ended = _ended(work)
    return LineView(
        intake_paused=line.intake_paused,
        queue_paused=line.queue_paused,
        running=sum(running.values()),
        waiting=sum(lane.jobs for lane in lanes),
        accounts=accounts[:_ACCOUNTS_SHOWN],
        accounts_total=len(accounts),
        held=_held(work, lanes),
        stuck=[StuckView.model_validate(job) for job in stuck.find(work)],
        runs_succeeded=ended[Outcome.SUCCEEDED.value],
        runs_failed=ended[Outcome.FAILED.value] + ended[Outcome.LOST.value],
    )


def _running(work: Work) -> Counter[UUID]:
    statement = (
        select(Job.account_id, func.count())
        .where(col(Job.status).in_([state.value for state in LEASED]))
        .group_by(col(Job.account_id))
    )
    return Counter(dict(work.session.exec(statement).all()))


def _accounts(
    work: Work, lanes: Sequence[Waiting], running: Counter[UUID], clock: float
) -> list[AccountInLine]:
    waiting: Counter[UUID] = Counter()
    for lane in lanes:
        waiting[lane.account_id] += lane.jobs
    # By ids, a bounded number: SQLite takes some thousands of values, and nobody reads more lines.
    ids = list(dict.fromkeys([*waiting, *running]))[:1000]
    rows = work.session.exec(select(Account).where(col(Account.id).in_(ids))).all()
    rows = sorted(rows, key=lambda row: (not waiting[row.id], start_tag(row.turn, clock), str(row.id)))
    emails = _emails(work, [row.id for row in rows[:_ACCOUNTS_SHOWN]])
    return [
        AccountInLine(
            account_id=row.id,
            email=emails.get(row.id),
            running=running[row.id],
            waiting=waiting[row.id],
            weight=row.weight,
            max_running=row.max_running,
        )
        for row in rows
    ]


def _emails(work: Work, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    statement = (
        select(User.account_id, User.email)
        .where(col(User.account_id).in_(account_ids))
        .order_by(col(User.created_at).desc())  # the first user comes last, and stays
    )
    return dict(work.session.exec(statement).all())


def _held(work: Work, lanes: Sequence[Waiting]) -> list[HeldRecipe]:
    jobs: Counter[UUID] = Counter()
    for lane in lanes:
        jobs[lane.recipe_version_id] += lane.jobs
    reasons = Reasons(work)
    held = {version_id: reasons.of_version(version_id) for version_id in jobs}
    counted: Counter[tuple[str, WaitingReason]] = Counter()
    titles = _titles(work, [version_id for version_id, reason in held.items() if reason])
    for version_id, reason in held.items():
        if reason is not None and reason is not WaitingReason.PAUSED:  # the switch itself says that
            counted[titles.get(version_id, "A recipe"), reason] += jobs[version_id]
    return [
        HeldRecipe(recipe_title=title, jobs=number, reason=reason.value)
        for (title, reason), number in sorted(counted.items())
    ]


def _titles(work: Work, version_ids: Sequence[UUID]) -> dict[UUID, str]:
    statement = (
        select(RecipeVersion.id, Recipe.title)
        .join(Recipe, col(Recipe.id) == col(RecipeVersion.recipe_id))
        .where(col(RecipeVersion.id).in_(version_ids))
    )
    return dict(work.session.exec(statement).all())


def _ended(work: Work) -> Counter[str]:
    since = db_now(work.session) - _LATELY
    statement = (
        select(JobAttempt.outcome, func.count())
        # A lease ends after its run: this finds the hour's runs along the index of leases.
        .where(JobAttempt.state == "ended", col(JobAttempt.lease_expires_at) > since)
        .where(col(JobAttempt.ended_at) > since)
        .group_by(col(JobAttempt.outcome))
    )
    return Counter({str(outcome): number for outcome, number in work.session.exec(statement)})
