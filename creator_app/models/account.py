"""The owner of everything: one per user now, a studio's team later."""

from datetime import datetime
from uuid import UUID

from sqlmodel import SQLModel

from creator_app.models.base import id_field, time_field


class Account(SQLModel, table=True):
    """Owns jobs, pictures and credits. Deleting it keeps the ledger's figures without the person."""

    __tablename__ = "account"

    id: UUID = id_field()
    name: str = ""
    plan: str = "unlimited"
    #: When one of its jobs was last started: who waited longest is next.
    served_at: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field()
    deleted_at: datetime | None = time_field(nullable=True)
