"""Queries over jobs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col, select

from creator_app.domain.job_state import ACTIVE, JobStatus
from creator_app.models import Job
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

    def eligible_count(self, now: datetime, at_most: int) -> int:
        """How many jobs could start now if there were slots, counted up to ``at_most``."""
        some = select(Job.id).where(Job.status == _QUEUED, col(Job.available_at) <= now).limit(at_most)
        return self.session.exec(select(func.count()).select_from(some.subquery())).one()

    def queued_count(self, account_id: UUID) -> int:
        """How many jobs an account has waiting."""
        statement = select(func.count()).where(Job.account_id == account_id, Job.status == _QUEUED)
        return self.session.exec(statement).one()
