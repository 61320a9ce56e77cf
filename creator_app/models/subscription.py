"""What an account pays for."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, id_field, one_of, time_field

_ACTIVE = frozenset({"active", "trialing"})


class Subscription(SQLModel, table=True):
    """A plan for a time, with what was used of it."""

    __tablename__ = "subscription"
    __table_args__ = (one_of("status", ("active", "trialing", "past_due", "canceled", "incomplete")),)

    id: UUID = id_field()
    account_id: UUID = foreign_key("account.id")
    plan: str
    status: str = "active"
    provider: str | None = None
    provider_id: str | None = Field(default=None, unique=True)
    period_start: datetime = time_field()
    period_end: datetime | None = time_field(nullable=True)
    jobs_limit: int | None = None
    jobs_used: int = 0
    credits_granted: int = 0
    cancel_at_period_end: bool = False
    created_at: datetime = time_field()

    def is_active(self, now: datetime) -> bool:
        """Whether it is paid for at ``now``."""
        return self.status in _ACTIVE and (self.period_end is None or now < self.period_end)

    def can_run_job(self, now: datetime) -> bool:
        """Whether one more job is within the plan at ``now``; no limit means unlimited."""
        return self.is_active(now) and (self.jobs_limit is None or self.jobs_used < self.jobs_limit)

    def increment_usage(self, jobs: int = 1) -> None:
        """Counts ``jobs`` as used. The caller holds the row's lock."""
        self.jobs_used += jobs
