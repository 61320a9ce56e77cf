"""A browser that is signed in."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, id_field, time_field


class UserSession(SQLModel, table=True):
    """A signed-in browser; the cookie holds the token, this row only its hash."""

    __tablename__ = "session"

    id: UUID = id_field()
    user_id: UUID = foreign_key("user.id")
    token_hash: str = Field(unique=True)
    created_at: datetime = time_field()
    last_seen_at: datetime = time_field()
    expires_at: datetime = time_field(index=True)
    ip: str | None = None
    user_agent: str | None = None
