"""A key for programs."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, id_field, json_field, time_field


class ApiKey(SQLModel, table=True):
    """A program's key; shown once when it is made, kept as a hash."""

    __tablename__ = "api_key"

    id: UUID = id_field()
    user_id: UUID = foreign_key("user.id")
    account_id: UUID = foreign_key("account.id")
    name: str
    prefix: str
    key_hash: str = Field(unique=True)
    scopes: list[str] = json_field(list)
    created_at: datetime = time_field()
    last_used_at: datetime | None = time_field(nullable=True)
    revoked_at: datetime | None = time_field(nullable=True)
