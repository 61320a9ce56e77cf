"""Which process's clock ticks."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from creator_app.models.base import time_field


class ClockLease(SQLModel, table=True):
    """A named duty that one process holds for a while."""

    __tablename__ = "clock_lease"

    name: str = Field(primary_key=True)
    holder: str
    expires_at: datetime = time_field()
