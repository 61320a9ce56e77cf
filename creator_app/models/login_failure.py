"""A login that failed: counted in the database, so that the limit holds when Valkey is away."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from creator_app.models.base import id_field, time_field


class LoginFailure(SQLModel, table=True):
    """One failed login under a key (address, or address and e-mail)."""

    __tablename__ = "login_failure"
    __table_args__ = (sa.Index(None, "key", "at"),)

    id: UUID = id_field()
    key: str
    at: datetime = time_field(index=True)
