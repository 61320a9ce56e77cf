"""Accounts, sessions and API keys on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from creator_app.models import ApiKey, User


class Credentials(BaseModel):
    """What a login sends."""

    email: str = Field(max_length=320)
    password: str = Field(max_length=4096)
    next: str | None = Field(default=None, description="Where a page's form goes afterwards.")


class NewAccount(Credentials):
    """What a sign-up sends."""

    setup_code: str | None = Field(default=None, max_length=200, description="Only for the first account.")
    invite: str | None = Field(default=None, max_length=200)


class Leaving(BaseModel):
    """What a logout may send."""

    next: str | None = None


class UserView(BaseModel):
    """A user, as they see themselves."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str | None
    role: str
    locale: str | None
    time_zone: str | None
    created_at: datetime


class UserAnswer(BaseModel):
    """A user."""

    user: UserView

    @classmethod
    def of(cls, user: User) -> "UserAnswer":
        """The answer about ``user``."""
        return cls(user=UserView.model_validate(user))


class NewApiKey(BaseModel):
    """What asks for an API key."""

    name: str = Field(min_length=1, max_length=100)
    scopes: list[str] | None = Field(default=None, description="All that the caller has, where left out.")


class ApiKeyView(BaseModel):
    """An API key, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None


class ApiKeyMade(ApiKeyView):
    """A new API key, with its secret: it is shown this once."""

    key: str

    @classmethod
    def of(cls, row: ApiKey, plain: str) -> "ApiKeyMade":
        """The answer about a key that was just made."""
        return cls(**ApiKeyView.model_validate(row).model_dump(), key=plain)


class ApiKeyList(BaseModel):
    """The API keys of a user."""

    items: list[ApiKeyView]
    next_cursor: str | None = None
