"""What must go out although a process may die in between, and what came in from outside."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from creator_app.models.base import foreign_key, id_field, json_field, one_of, time_field


class Outbox(SQLModel, table=True):
    """A message written with the change it tells of, sent afterwards until it has arrived."""

    __tablename__ = "outbox"
    __table_args__ = (
        one_of("state", ("waiting", "sent", "failed")),
        sa.UniqueConstraint("cause"),
        sa.Index(None, "state", "next_at"),
    )

    id: UUID = id_field()
    kind: str
    user_id: UUID | None = foreign_key("user.id", nullable=True)
    #: What it tells of, in words that are unique: nobody is told the same thing twice.
    cause: str | None = None
    payload: dict[str, Any] = json_field()
    state: str = "waiting"
    attempts: int = 0
    next_at: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field()
    sent_at: datetime | None = time_field(nullable=True)


class ExternalEvent(SQLModel, table=True):
    """An event of an outside service, recorded under its own id before it acts: twice acts once."""

    __tablename__ = "external_event"
    __table_args__ = (sa.UniqueConstraint("provider", "event_id"),)

    id: UUID = id_field()
    provider: str
    event_id: str
    payload: dict[str, Any] = json_field()
    received_at: datetime = time_field()
    processed_at: datetime | None = time_field(nullable=True)
