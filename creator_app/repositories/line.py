"""The line: which queued job is next. What it costs grows with the accounts that wait, not with their jobs.

A *lane* is one account's jobs of one recipe version. The heads of all lanes are found by jumping from lane to
lane along the index ``ix_job_line`` (a loose index scan), so what stands behind a head is never read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    BindParameter,
    ColumnElement,
    Float,
    Select,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    tuple_,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from creator_app.domain.job_state import JobStatus
from creator_app.models import Account, ComfyServer, Job, ServerAbility
from creator_app.models.base import UTCDateTime

#: Written into the statement, not bound: a partial index is only used where the planner sees the word.
_QUEUED: Final[ColumnElement[str]] = literal_column(f"'{JobStatus.QUEUED.value}'")
#: Of the values' names: an UPDATE takes those that are called like a column for what is to be set.
_PREFIX: Final = "line_"


@dataclass(frozen=True)
class FreeServers:
    """The servers with a free slot.

    Attributes:
        ids: which.
        memory_bytes: of the one with the most.
        warm: recipe versions that one of them ran last.
    """

    ids: Sequence[UUID]
    memory_bytes: int
    warm: Sequence[UUID]


@dataclass(frozen=True)
class Waiting:
    """A lane and its account's place in the line.

    Attributes:
        account_id: whose.
        recipe_version_id: of which recipe.
        jobs: how many wait in it.
        turn: the account's, see `creator_app.domain.fairness`.
        weight: the account's.
    """

    account_id: UUID
    recipe_version_id: UUID
    jobs: int
    turn: float
    weight: float


class LineRepository:
    """Queries over the queued jobs as a line.

    Args:
        session: of the transaction.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def startable(self, now: datetime, free: FreeServers) -> bool:
        """Whether some waiting job could start on one of these servers."""
        values = parameters(0.0, now, now, free)
        return self._session.execute(next_job(), values).first() is not None

    def heads(self) -> list[Job]:
        """The first job of every lane."""
        return list(self._session.exec(_every_head()))

    def canceled(self, limit: int) -> list[UUID]:
        """Jobs that wait although somebody canceled them."""
        statement = (
            select(Job.id)
            .where(col(Job.status) == _QUEUED, col(Job.cancel_requested_at).is_not(None))
            .limit(limit)
        )
        return list(self._session.exec(statement))

    def waiting(self) -> list[Waiting]:
        """Every lane with how many wait in it. Counts along the index, without reading a row of the table."""
        lanes = (
            select(Job.account_id, Job.recipe_version_id, func.count().label("jobs"))
            .where(col(Job.status) == _QUEUED)
            .group_by(col(Job.account_id), col(Job.recipe_version_id))
            .subquery()
        )
        statement = (
            select(lanes.c.account_id, lanes.c.recipe_version_id, lanes.c.jobs, Account.turn, Account.weight)
            .join(Account, col(Account.id) == lanes.c.account_id)
            .order_by(lanes.c.account_id, lanes.c.recipe_version_id)
        )
        return [Waiting(*row) for row in self._session.execute(statement)]

    def own_before(self, job: Job) -> list[tuple[UUID, int]]:
        """How many of the same account's jobs go before one, by recipe version."""
        statement = (
            select(Job.recipe_version_id, func.count())
            .where(Job.account_id == job.account_id, col(Job.status) == _QUEUED)
            .where(
                tuple_(col(Job.priority), col(Job.created_at), col(Job.id))
                < tuple_(
                    literal(job.priority, col(Job.priority).type),
                    literal(job.created_at, col(Job.created_at).type),
                    literal(job.id, col(Job.id).type),
                )
            )
            .group_by(col(Job.recipe_version_id))
        )
        return [(version_id, int(number)) for version_id, number in self._session.execute(statement)]


@cache
def next_job() -> Select[tuple[UUID]]:
    """The id of the job to start next, as a query to claim by; its values are `parameters`.

    The account whose turn it is goes first; within it priority, then jobs that waited too long, then
    jobs whose models a free server still has loaded, then age. Made once: putting it together takes longer
    than running it.
    """
    heads = _lanes(_may_start)
    clock = bindparam(_PREFIX + "clock", type_=Float())
    start = case((col(Account.turn) < clock, clock), else_=col(Account.turn))
    patient = col(Job.created_at) < _moment("patient_since")
    return (
        select(Job.id)
        .join(Account, col(Account.id) == col(Job.account_id))
        # Not a join: SQLite would read the whole table to prepare one with what may be many lanes.
        .where(col(Job.id).in_(select(heads.c.job_id)), _below_own_limit(), _can_run())
        .order_by(
            start,
            col(Account.served_at).is_not(None),
            col(Account.served_at),
            col(Account.id),
            col(Job.priority),
            case((patient, 0), else_=1),
            case((col(Job.recipe_version_id).in_(_ids("warm")), 0), else_=1),
            col(Job.created_at),
            col(Job.id),
        )
        .limit(1)
    )


def parameters(clock: float, now: datetime, patient_since: datetime, free: FreeServers) -> dict[str, Any]:
    """The values of `next_job`.

    Args:
        clock: the line's virtual time.
        now: by the database's clock.
        patient_since: a job older than this is not passed over for a warm one.
        free: where it could run.
    """
    values = {
        "clock": clock,
        "now": now,
        "patient_since": patient_since,
        "free": list(free.ids),
        "memory": free.memory_bytes,
        "warm": list(free.warm),
    }
    return {_PREFIX + name: value for name, value in values.items()}


@cache
def _every_head() -> Select[tuple[Job]]:
    return select(Job).where(col(Job.id).in_(select(_lanes(lambda job: []).c.job_id)))


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(_PREFIX + name, type_=UTCDateTime())


def _ids(name: str) -> BindParameter[UUID]:
    return bindparam(_PREFIX + name, type_=Uuid(), expanding=True)


def _may_start(job: type[Job]) -> list[ColumnElement[bool]]:
    memory = bindparam(_PREFIX + "memory", type_=BigInteger())
    enough = or_(col(job.more_memory_than).is_(None), col(job.more_memory_than) < memory)
    return [col(job.available_at) <= _moment("now"), col(job.cancel_requested_at).is_(None), enough]


def _lanes(rules: Callable[[type[Job]], list[ColumnElement[bool]]]) -> CTE:
    """The ids of the lanes' heads, one jump along the index each.

    Args:
        rules: what a job must fulfil to be a head.
    """

    def first(job: type[Job], *more: ColumnElement[bool]) -> Select[tuple[UUID]]:
        return (
            select(job.id)
            .where(col(job.status) == _QUEUED, *rules(job), *more)
            .order_by(
                col(job.account_id),
                col(job.recipe_version_id),
                col(job.priority),
                col(job.created_at),
                col(job.id),
            )
            .limit(1)
        )

    lanes = select(first(aliased(Job)).scalar_subquery().label("job_id")).cte("lanes", recursive=True)
    here, recipe, account = aliased(Job), aliased(Job), aliased(Job)
    # Two searches, not one over a pair: SQLite would walk through the whole lane for a pair.
    next_recipe = first(
        recipe,
        col(recipe.account_id) == col(here.account_id),
        col(recipe.recipe_version_id) > col(here.recipe_version_id),
    )
    next_account = first(account, col(account.account_id) > col(here.account_id))
    jump = func.coalesce(
        next_recipe.correlate(here).scalar_subquery(), next_account.correlate(here).scalar_subquery()
    )
    return lanes.union_all(select(jump).select_from(lanes).join(here, col(here.id) == lanes.c.job_id))


def _below_own_limit() -> ColumnElement[bool]:
    running = aliased(Job)
    count = (
        select(func.count())
        .select_from(running)
        .where(col(running.account_id) == col(Account.id), col(running.status) == JobStatus.RUNNING.value)
        .correlate(Account)
        .scalar_subquery()
    )
    return or_(col(Account.max_running).is_(None), count < col(Account.max_running))


def _can_run() -> ColumnElement[bool]:
    return exists(
        select(ServerAbility.server_id)
        .join(ComfyServer, col(ComfyServer.id) == col(ServerAbility.server_id))
        .where(
            col(ServerAbility.recipe_version_id) == col(Job.recipe_version_id),
            col(ServerAbility.able).is_(True),
            col(ServerAbility.server_id).in_(_ids("free")),
            or_(
                col(Job.more_memory_than).is_(None),
                func.coalesce(col(ComfyServer.memory_bytes), 0) > col(Job.more_memory_than),
            ),
        )
        .correlate(Job)
    )
