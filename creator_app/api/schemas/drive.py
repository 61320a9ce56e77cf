"""Google Drive on the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from creator_app.models import DropFolder

_MAX_ID = 200


class Begin(BaseModel):
    """What may be sent to connect."""

    next: str | None = Field(default=None, description="The page to come back to; a path of this site.")


class AuthorizeUrl(BaseModel):
    """Where the person is sent to allow it."""

    authorize_url: str


class FolderLink(BaseModel):
    """A folder at Google's."""

    id: str | None
    name: str | None
    url: str | None


class WatchView(BaseModel):
    """A drop folder."""

    id: UUID
    recipe: str
    folder: FolderLink
    results: FolderLink
    enabled: bool
    state: str = Field(description="`ok`, `missing` (deleted by its owner) or `trouble`; `reason` says more.")
    reason: str | None
    inputs: dict[str, Any]
    after: str
    naming: str
    last_activity_at: datetime | None

    @classmethod
    def of(cls, row: DropFolder) -> "WatchView":
        """The view of a row."""
        return cls(
            id=row.id,
            recipe=row.recipe_slug,
            folder=FolderLink(id=row.remote_id, name=row.name, url=row.url),
            results=FolderLink(id=row.results_id, name=row.results_name, url=row.results_url),
            enabled=row.enabled,
            state=row.state,
            reason=row.reason,
            inputs=dict(row.inputs),
            after=row.after,
            naming=row.naming,
            last_activity_at=row.last_activity_at,
        )


class DriveAccount(BaseModel):
    """A Google account that was connected."""

    id: UUID
    email: str | None
    scopes: list[str]
    state: str


class DriveView(BaseModel):
    """An account's Drive."""

    configured: bool = Field(description="Whether the operator has set Google up.")
    connected: bool
    email: str | None
    scopes: list[str]
    state: str = Field(
        description="`connected`, `none`, `disconnected`, or `revoked` or `expired` at Google's."
    )
    sees_everything: bool = Field(description="Whether files that other programs drop can be seen.")
    message: str
    watches: list[WatchView]
    accounts: list[DriveAccount]


class FolderChoiceView(BaseModel):
    """A folder to choose."""

    id: str
    name: str
    url: str | None
    parent_id: str | None
    parent: str | None
    shared_drive: str | None


class FolderList(BaseModel):
    """A page of folders."""

    items: list[FolderChoiceView]
    next_cursor: str | None


class NewWatch(BaseModel):
    """What turns a drop folder on."""

    recipe: str = Field(min_length=1, max_length=100)
    folder_id: str | None = Field(default=None, min_length=1, max_length=_MAX_ID)
    results_folder_id: str | None = Field(default=None, min_length=1, max_length=_MAX_ID)
    inputs: dict[str, Any] | None = None
    after: Literal["stay", "move"] | None = None
    naming: str | None = Field(default=None, max_length=120)


class ChangedWatch(BaseModel):
    """What of a drop folder changes; what is left out stays."""

    enabled: bool | None = None
    inputs: dict[str, Any] | None = None
    after: Literal["stay", "move"] | None = None
    naming: str | None = Field(default=None, max_length=120)
    results_folder_id: str | None = Field(
        default=None, max_length=_MAX_ID, description="Where results go; null for `Done` in the folder."
    )


class Leave(BaseModel):
    """What may be sent to disconnect."""

    account_id: UUID | None = Field(default=None, description="Only this Google account; else all.")


class Left(BaseModel):
    """What came of disconnecting."""

    connected: bool = False
    revoked: bool = Field(description="Whether Google confirmed it.")
    message: str
