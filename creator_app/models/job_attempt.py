"""One run of a job on one server, under a lease."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from creator_app.domain.job_state import Outcome
from creator_app.models.base import foreign_key, id_field, one_of, time_field


class JobAttempt(SQLModel, table=True):
    """A run of a job: who holds it until when, and under which prompt id ComfyUI knows it."""

    __tablename__ = "job_attempt"
    __table_args__ = (
        one_of("state", ("running", "ended")),
        one_of("outcome", Outcome),
        sa.Index(None, "state", "lease_expires_at"),
    )

    id: UUID = id_field()
    job_id: UUID = foreign_key("job.id")
    number: int
    server_id: UUID | None = foreign_key("comfy_server.id", ondelete="SET NULL", nullable=True)
    server_url: str
    prompt_id: str = Field(unique=True)
    lease_token: str
    lease_expires_at: datetime = time_field()
    posted_at: datetime | None = time_field(nullable=True)
    state: str = "running"
    outcome: str | None = None
    error_kind: str | None = None
    error_detail: str | None = None
    started_at: datetime = time_field()
    ended_at: datetime | None = time_field(nullable=True)
    gpu_seconds: float | None = None
