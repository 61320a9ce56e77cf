"""Queries over attempts: leases, and who occupies which server."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select, update

from creator_app.domain.job_state import LEASED, JobStatus
from creator_app.models import ComfyServer, Job, JobAttempt
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

    def free_server(self) -> ComfyServer | None:
        """An online server with a free slot, locked, the least busy first; ``None`` when all are taken."""
        busy = (
            select(func.count())
            .select_from(JobAttempt)
            .join(Job, col(Job.attempt_id) == col(JobAttempt.id))
            .where(col(JobAttempt.server_id) == col(ComfyServer.id))
            .where(JobAttempt.state == "running", Job.status == JobStatus.RUNNING.value)
            .correlate(ComfyServer)
            .scalar_subquery()
        )
        statement = (
            select(ComfyServer)
            .where(ComfyServer.state == "online", busy < col(ComfyServer.slots))
            .order_by(busy, col(ComfyServer.created_at))
            .limit(1)
            .with_for_update(of=ComfyServer, skip_locked=True)
        )
        return self.session.exec(statement).first()

    def free_slots(self) -> int:
        """How many more prompts the online servers could run now."""
        slots = select(func.coalesce(func.sum(ComfyServer.slots), 0)).where(ComfyServer.state == "online")
        busy = (
            select(func.count())
            .select_from(JobAttempt)
            .join(Job, col(Job.attempt_id) == col(JobAttempt.id))
            .where(JobAttempt.state == "running", Job.status == JobStatus.RUNNING.value)
        )
        return max(0, self.session.exec(slots).one() - self.session.exec(busy).one())
