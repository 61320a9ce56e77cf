"""Bringing a result elsewhere: a row, a state and retries of its own."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from creator_app.models.base import foreign_key, id_field, one_of, time_field


class Delivery(SQLModel, table=True):
    """A result on its way to Drive, a watched folder, a mailbox or a webhook."""

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("kind", ("drive", "folder", "mail", "webhook")),
        one_of("state", ("waiting", "sending", "done", "failed")),
        sa.Index(None, "state", "next_at"),
    )

    id: UUID = id_field()
    job_id: UUID = foreign_key("job.id")
    kind: str
    target: str
    state: str = "waiting"
    attempts: int = 0
    next_at: datetime | None = time_field(nullable=True)
    last_error: str | None = None
    remote_id: str | None = None
    created_at: datetime = time_field()
    done_at: datetime | None = time_field(nullable=True)
