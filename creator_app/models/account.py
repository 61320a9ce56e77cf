"""The owner of everything: one per user now, a studio's team later."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from creator_app.models.base import id_field, time_field


class Account(SQLModel, table=True):
    """Owns jobs, pictures and credits. Deleting it keeps the ledger's figures without the person."""

    __tablename__ = "account"

    id: UUID = id_field()
    name: str = ""
    plan: str = "unlimited"
    #: When one of its jobs was last started: who waited longest is next.
    served_at: datetime | None = time_field(nullable=True)
    #: Virtual time (domain.fairness) at which its next job may start: each start moves it on by 1 / weight.
    turn: float = 0.0
    #: Its share of the servers beside the others'.
    weight: float = Field(default=1.0, gt=0)
    #: Jobs at a time, in all; ``None`` for no limit.
    max_running: int | None = None
    max_queued: int | None = None
    created_at: datetime = time_field()
    deleted_at: datetime | None = time_field(nullable=True)
