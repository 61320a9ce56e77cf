"""Who did what that others may ask about later."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from creator_app.models.base import foreign_key, id_field, json_field, time_field


class AuditLog(SQLModel, table=True):
    """A line of the audit log; outlives the people in it."""

    __tablename__ = "audit_log"

    id: UUID = id_field()
    actor_user_id: UUID | None = foreign_key("user.id", ondelete="SET NULL", nullable=True)
    account_id: UUID | None = foreign_key("account.id", ondelete="SET NULL", nullable=True)
    action: str
    target: str | None = None
    data: dict[str, Any] = json_field()
    ip: str | None = None
    at: datetime = time_field(index=True)
