"""A line of a job's history."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, json_field, time_field


class JobEvent(SQLModel, table=True):
    """Something that happened to a job; written with the change itself, never altered."""

    __tablename__ = "job_event"

    id: int | None = Field(
        default=None,
        sa_type=sa.BigInteger().with_variant(
            sa.Integer(), "sqlite"
        ),  # only INTEGER counts up by itself there
        primary_key=True,
    )
    job_id: UUID = foreign_key("job.id")
    attempt_id: UUID | None = Field(default=None, sa_type=sa.Uuid, nullable=True)
    kind: str
    from_status: str | None = None
    to_status: str | None = None
    data: dict[str, Any] = json_field()
    at: datetime = time_field()
