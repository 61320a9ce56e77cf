"""A job: one run of a recipe for somebody. Its row is the truth about it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from creator_app.domain.job_state import JobStatus
from creator_app.models.base import foreign_key, id_field, json_field, one_of, time_field


class Batch(SQLModel, table=True):
    """Jobs that were submitted together."""

    __tablename__ = "batch"

    id: UUID = id_field()
    account_id: UUID = foreign_key("account.id")
    title: str | None = None
    created_at: datetime = time_field()


class Job(SQLModel, table=True):
    """One run of a recipe. Its state is written by `creator_app.services.job_state` alone."""

    __tablename__ = "job"
    __table_args__ = (
        one_of("status", JobStatus),
        sa.UniqueConstraint("account_id", "idempotency_key"),
        sa.Index(None, "status", "available_at"),
        sa.Index(None, "account_id", "created_at"),
        sa.Index(None, "account_id", "status", "priority", "created_at"),
        # The line: heads of each account's recipes are found here without reading what stands behind them.
        sa.Index(
            "ix_job_line",
            "account_id",
            "recipe_version_id",
            "priority",
            "created_at",
            "id",
            sqlite_where=sa.text("status = 'queued'"),
            postgresql_where=sa.text("status = 'queued'"),
        ),
        # Empty in health: those that the sweeper ends are found without looking through the line.
        sa.Index(
            "ix_job_canceled_in_line",
            "id",
            sqlite_where=sa.text("status = 'queued' AND cancel_requested_at IS NOT NULL"),
            postgresql_where=sa.text("status = 'queued' AND cancel_requested_at IS NOT NULL"),
        ),
    )

    id: UUID = id_field()
    account_id: UUID = foreign_key("account.id", index=False)
    user_id: UUID = foreign_key("user.id", index=False)
    recipe_version_id: UUID = foreign_key("recipe_version.id", ondelete="RESTRICT")
    recipe_slug: str
    recipe_title: str
    status: str
    waiting_reason: str | None = None
    cancel_requested_at: datetime | None = time_field(nullable=True)
    retry_of: UUID | None = foreign_key("job.id", ondelete="SET NULL", nullable=True)
    batch_id: UUID | None = foreign_key("batch.id", ondelete="SET NULL", nullable=True)
    #: Values by input name, as they were; a file is ``{"asset_id": …, "filename": …}``; seeds are drawn.
    inputs: dict[str, Any] = json_field()
    price_credits: int = 0
    source: str
    source_ref: str | None = None
    idempotency_key: str | None = None
    content_hash: str | None = None
    #: Among an account's own jobs: lower goes first.
    priority: int = 0
    #: After a run that ran out of memory: only servers with more bytes than this may try.
    more_memory_than: int | None = Field(default=None, sa_type=sa.BigInteger, nullable=True)
    attempts: int = 0
    #: The attempt that holds, or committed, the job. No foreign key: attempts refer to jobs.
    attempt_id: UUID | None = Field(default=None, sa_type=sa.Uuid, nullable=True, index=True)
    available_at: datetime = time_field()
    outputs: list[dict[str, Any]] = json_field(list)
    error_code: str | None = None
    error_message: str | None = None
    error_hint: str | None = None
    error_detail: str | None = None
    created_at: datetime = time_field()
    started_at: datetime | None = time_field(nullable=True)
    finished_at: datetime | None = time_field(nullable=True)
    expires_at: datetime | None = time_field(nullable=True)
