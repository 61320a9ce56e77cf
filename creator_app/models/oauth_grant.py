"""What a person allowed us at another service, apart from signing in."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from creator_app.models.base import foreign_key, id_field, one_of, time_field

_EARLY = timedelta(minutes=5)


class OAuthGrant(SQLModel, table=True):
    """Access to somebody's Drive; several per account are possible. Tokens are encrypted."""

    __tablename__ = "oauth_grant"
    __table_args__ = (
        one_of("state", ("active", "expired", "revoked")),
        sa.UniqueConstraint("account_id", "provider", "purpose", "subject"),
    )

    id: UUID = id_field()
    user_id: UUID = foreign_key("user.id")
    account_id: UUID = foreign_key("account.id", index=False)
    provider: str
    purpose: str
    subject: str
    email: str | None = None
    scopes: str = ""
    access_token_encrypted: str | None = None
    refresh_token_encrypted: str | None = None
    expires_at: datetime | None = time_field(nullable=True)
    state: str = "active"
    #: One process at a time asks for a new token; the others wait for what it gets.
    refresh_token_lease: str | None = None
    refresh_until: datetime | None = time_field(nullable=True)
    #: Counts up at each new consent: an answer that belongs to the former one changes nothing.
    generation: int = 0
    last_error: str | None = None
    created_at: datetime = time_field()

    def needs_token_refresh(self, now: datetime) -> bool:
        """Whether the access token is missing, has ended, or ends within five minutes of ``now``."""
        return (
            self.access_token_encrypted is None or self.expires_at is None or self.expires_at - _EARLY <= now
        )
