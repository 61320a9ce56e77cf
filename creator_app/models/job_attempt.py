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
        # A slot belongs to one attempt at a time, whatever a claim may think.
        sa.UniqueConstraint("server_id", "slot"),
        sa.Index("ix_job_attempt_run_times", "recipe_version_id", "outcome", "ended_at"),
    )

    id: UUID = id_field()
    job_id: UUID = foreign_key("job.id")
    number: int
    server_id: UUID | None = foreign_key("comfy_server.id", ondelete="SET NULL", nullable=True)
    server_url: str
    #: Which of the server's slots it holds; given back when the prompt has ended.
    slot: int | None = None
    #: What the server is, for run times that can be compared: its device's name.
    server_kind: str | None = None
    recipe_version_id: UUID | None = foreign_key(
        "recipe_version.id", ondelete="SET NULL", nullable=True, index=False
    )
    #: The server had last run another recipe, so it may have had to load models.
    cold: bool = False
    prompt_id: str = Field(unique=True)
    lease_token: str
    lease_expires_at: datetime = time_field()
    #: How often a runner died over it.
    takeovers: int = 0
    posted_at: datetime | None = time_field(nullable=True)
    state: str = "running"
    outcome: str | None = None
    error_kind: str | None = None
    error_detail: str | None = None
    started_at: datetime = time_field()
    ended_at: datetime | None = time_field(nullable=True)
    gpu_seconds: float | None = None
