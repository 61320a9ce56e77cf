"""Queries over attempts: leases, and who occupies which server."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select, update

from creator_app.domain.job_state import LEASED
from creator_app.models import Job, JobAttempt
from creator_app.repositories.base import BaseRepository


class AttemptRepository(BaseRepository[JobAttempt]):
    """Reads attempts and moves their leases."""

    model = JobAttempt

    def abandoned(self, now: datetime) -> JobAttempt | None:
        """One attempt whose lease ran out, with its job locked; those another worker looks at are skipped."""
        statement = (
            select(JobAttempt)
            .join(Job, col(Job.attempt_id) == col(JobAttempt.id))
            .where(JobAttempt.state == "running", col(JobAttempt.lease_expires_at) <= now)
            .where(col(Job.status).in_([state.value for state in LEASED]))
            .order_by(col(JobAttempt.lease_expires_at))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return self.session.exec(statement).first()

    def abandoned_count(self, now: datetime) -> int:
        """How many attempts wait for somebody to take them over."""
        statement = (
            select(func.count())
            .select_from(JobAttempt)
            .where(JobAttempt.state == "running", col(JobAttempt.lease_expires_at) <= now)
        )
        return self.session.exec(statement).one()

    def renew(self, attempt_id: UUID, lease_token: str, now: datetime, until: datetime) -> bool:
        """Moves a lease that still holds; ``False`` when it ran out or was taken over."""
        statement = (
            update(JobAttempt)
            .where(
                col(JobAttempt.id) == attempt_id,
                col(JobAttempt.lease_token) == lease_token,
                col(JobAttempt.state) == "running",
                col(JobAttempt.lease_expires_at) > now,
            )
            .values(lease_expires_at=until)
            .execution_options(synchronize_session=False)
        )
        return bool(self.session.exec(statement).rowcount)

    def run_seconds(
        self,
        recipe_version_id: UUID,
        *,
        server_kind: str | None = None,
        cold: bool | None = None,
        limit: int = 20,
    ) -> list[float]:
        """How long the last successful runs of a recipe version took, in seconds, newest first.

        Args:
            recipe_version_id: which.
            server_kind: only on servers of this kind.
            cold: only those that had, or had not, to load what they needed.
            limit: so many.
        """
        statement = (
            select(JobAttempt.gpu_seconds)
            .where(JobAttempt.recipe_version_id == recipe_version_id, JobAttempt.outcome == "succeeded")
            .where(col(JobAttempt.gpu_seconds).is_not(None))
            .order_by(col(JobAttempt.ended_at).desc())
            .limit(limit)
        )
        if server_kind is not None:
            statement = statement.where(JobAttempt.server_kind == server_kind)
        if cold is not None:
            statement = statement.where(col(JobAttempt.cold).is_(cold))
        return [float(seconds) for seconds in self.session.exec(statement) if seconds is not None]

    def occupying(self, account_id: UUID | None = None) -> list[tuple[UUID | None, datetime]]:
        """The recipe version and the start of every attempt that holds a slot, of one account or of all."""
        statement = select(JobAttempt.recipe_version_id, JobAttempt.started_at).where(
            col(JobAttempt.slot).is_not(None)
        )
        if account_id is not None:
            statement = statement.join(Job, col(Job.id) == col(JobAttempt.job_id)).where(
                Job.account_id == account_id
            )
        return list(self.session.exec(statement))

    def held_count(self, now: datetime) -> int:
        """How many attempts somebody holds: each keeps a worker busy."""
        statement = (
            select(func.count())
            .select_from(JobAttempt)
            .where(JobAttempt.state == "running", col(JobAttempt.lease_expires_at) > now)
        )
        return self.session.exec(statement).one()
