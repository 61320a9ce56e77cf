"""Queries over jobs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_
from sqlmodel import col, select

from creator_app.domain.job_state import ACTIVE, JobStatus
from creator_app.models import Account, Job, JobAttempt
from creator_app.repositories.base import BaseRepository

_QUEUED = JobStatus.QUEUED.value


class JobRepository(BaseRepository[Job]):
    """Reads jobs. Their state is changed by `creator_app.services.job_state` alone."""

    model = Job

    def of_account(self, account_id: UUID, job_id: UUID) -> Job | None:
        """A job, if it belongs to the account."""
        statement = select(Job).where(Job.id == job_id, Job.account_id == account_id)
        return self.session.exec(statement).first()

    def by_idempotency_key(self, account_id: UUID, key: str) -> Job | None:
        """The job that was accepted under this key before."""
        statement = select(Job).where(Job.account_id == account_id, Job.idempotency_key == key)
        return self.session.exec(statement).first()

    def page(
        self,
        account_id: UUID,
        *,
        status: str | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[Job]:
        """Jobs of an account, newest first, older than ``before`` (time and id of the last one seen)."""
        statement = select(Job).where(Job.account_id == account_id)
        if status == "active":
            statement = statement.where(col(Job.status).in_([state.value for state in ACTIVE]))
        elif status:
            statement = statement.where(Job.status == status)
        if before is not None:
            at, job_id = before
            statement = statement.where(
                or_(col(Job.created_at) < at, (col(Job.created_at) == at) & (col(Job.id) < job_id))
            )
        statement = statement.order_by(col(Job.created_at).desc(), col(Job.id).desc()).limit(limit)
        return self.session.exec(statement).all()

    def fairest_eligible(self, now: datetime) -> Select[tuple[UUID]]:
        """The id of the job to run next, as a query to claim by.

        The job of the account that was served least recently; inside an account by priority, then by age.
        """
        return (
            select(Job.id)
            .join(Account, col(Account.id) == col(Job.account_id))
            .where(Job.status == _QUEUED, col(Job.available_at) <= now)
            .where(col(Job.cancel_requested_at).is_(None))
            .order_by(
                func.coalesce(col(Account.served_at), datetime.fromtimestamp(0, now.tzinfo)),
                col(Job.priority).desc(),
                col(Job.created_at),
                col(Job.id),
            )
            .limit(1)
            .with_for_update(of=Job, skip_locked=True)
        )

    def eligible_count(self, now: datetime) -> int:
        """How many jobs could start now if there were slots."""
        statement = (
            select(func.count()).select_from(Job).where(Job.status == _QUEUED, col(Job.available_at) <= now)
        )
        return self.session.exec(statement).one()

    def ahead_of(self, job_ids: Sequence[UUID]) -> dict[UUID, int]:
        """How many jobs are queued or running that came before each of these; others are left out."""
        place = func.row_number().over(order_by=(col(Job.created_at), col(Job.id)))
        line = (
            select(Job.id, place.label("place"))
            .where(col(Job.status).in_([_QUEUED, JobStatus.RUNNING.value]))
            .subquery()
        )
        rows = self.session.exec(select(line.c.id, line.c.place).where(line.c.id.in_(job_ids)))
        return {job_id: place - 1 for job_id, place in rows}

    def recent_run_seconds(self, recipe_version_id: UUID, limit: int = 20) -> list[float]:
        """How long the last successful runs of a recipe version took, in seconds, newest first."""
        statement = (
            select(JobAttempt.gpu_seconds)
            .join(Job, col(Job.id) == col(JobAttempt.job_id))
            .where(Job.recipe_version_id == recipe_version_id, JobAttempt.outcome == "succeeded")
            .where(col(JobAttempt.gpu_seconds).is_not(None))
            .order_by(col(JobAttempt.ended_at).desc())
            .limit(limit)
        )
        return [float(seconds) for seconds in self.session.exec(statement) if seconds is not None]
