"""Folders in which people drop files, every file that was seen there, and who looks when."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, id_field, json_field, one_of, time_field


class DropSource(SQLModel, table=True):
    """A Google Drive or a directory that is looked at: where its changes were read up to, and when next."""

    __tablename__ = "drop_source"
    __table_args__ = (
        one_of("kind", ("drive", "folder")),
        one_of("state", ("ok", "disconnected", "missing")),
        sa.UniqueConstraint("kind", "address"),
        sa.Index(None, "state", "next_look_at"),
    )

    id: UUID = id_field()
    kind: str
    #: The grant's id, or the directory.
    address: str
    account_id: UUID = foreign_key("account.id")
    user_id: UUID = foreign_key("user.id", index=False)
    grant_id: UUID | None = foreign_key("oauth_grant.id", nullable=True)
    state: str = "ok"
    #: The folder that holds all drop folders: ``Creator/``; of a directory: where its disk is mounted.
    root_id: str | None = None
    #: Where the place's list of changes was read up to.
    token: str | None = None
    next_look_at: datetime = time_field()
    next_listing_at: datetime = time_field()
    #: Looks in a row without news: the pace slows down.
    calm_looks: int = 0
    #: The place asked to be left alone until then; every process keeps to it.
    held_until: datetime | None = time_field(nullable=True)
    lease_token: str | None = None
    lease_until: datetime | None = time_field(nullable=True)
    listed_at: datetime | None = time_field(nullable=True)
    looked_at: datetime | None = time_field(nullable=True)
    failures: int = 0
    last_error: str | None = None
    #: A push channel: its id, what Google calls the resource, a hash of the secret, its end.
    channel_id: str | None = Field(default=None, index=True)
    channel_resource: str | None = None
    channel_secret_hash: str | None = None
    channel_until: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field()


class DropFolder(SQLModel, table=True):
    """A folder: what is dropped there becomes a job of one recipe."""

    __tablename__ = "drop_folder"
    __table_args__ = (
        one_of("state", ("ok", "missing", "trouble")),
        one_of("after", ("stay", "move")),
        sa.UniqueConstraint("source_id", "remote_id"),
    )

    id: UUID = id_field()
    source_id: UUID = foreign_key("drop_source.id")
    account_id: UUID = foreign_key("account.id")
    user_id: UUID = foreign_key("user.id", index=False)
    #: The folder's id at the place; stays when people rename or move it.
    remote_id: str
    name: str
    url: str | None = None
    #: The shared drive that it lies in; it has a list of changes of its own.
    drive_id: str | None = None
    #: The person chose a folder that was there; else it is one that we made.
    chosen: bool = False
    recipe_slug: str
    #: Values for the recipe's inputs that every file gets.
    inputs: dict[str, Any] = json_field()
    enabled: bool = True
    #: What happens to a file whose job ended: it stays, or goes to ``Done/originals``.
    after: str = "stay"
    #: How results are called; empty: as on the job's page.
    naming: str = ""
    results_id: str | None = None
    results_name: str | None = None
    results_url: str | None = None
    #: The person chose where results go; else it is ``Done`` in the folder.
    results_chosen: bool = False
    review_id: str | None = None
    originals_id: str | None = None
    #: What is known of the folder and those in it, by id: path, values from ``recipe.txt``, files beside.
    tree: dict[str, Any] = json_field()
    state: str = "ok"
    reason: str | None = None
    #: Taken out of the list; what was recorded stays, so that nothing is taken twice if it comes back.
    removed_at: datetime | None = time_field(nullable=True)
    last_activity_at: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field()


class DropFile(SQLModel, table=True):
    """A file seen in a drop folder: one row per file and content, written before anything acts on it."""

    __tablename__ = "drop_file"
    __table_args__ = (
        one_of("state", ("seen", "taken", "noted", "passed")),
        sa.UniqueConstraint("folder_id", "remote_id", "version"),
        sa.Index(None, "state", "next_at"),
        sa.Index(None, "folder_id", "seen_at"),
    )

    id: UUID = id_field()
    folder_id: UUID = foreign_key("drop_folder.id")
    account_id: UUID = foreign_key("account.id")
    remote_id: str
    #: Of the content; empty while the file is still arriving.
    version: str = ""
    name: str
    #: Names of the folders between the drop folder and the file.
    path: list[str] = json_field(list)
    content_id: str = ""
    size: int | None = Field(default=None, sa_type=sa.BigInteger, nullable=True)
    content_type: str | None = None
    md5: str | None = None
    sha256: str | None = None
    #: seen: waits to be taken; taken: became a job; noted: its owner was told why not; passed: nothing to do.
    state: str = "seen"
    #: Why it waits or was not taken, for people.
    reason: str | None = None
    #: What it looked like when it last changed, and since when it looks so.
    last_look: str = ""
    rested_since: datetime = time_field()
    grew: bool = False
    attempts: int = 0
    next_at: datetime | None = time_field(nullable=True)
    lease_token: str | None = None
    lease_until: datetime | None = time_field(nullable=True)
    job_id: UUID | None = foreign_key("job.id", ondelete="SET NULL", nullable=True)
    url: str | None = None
    #: When the place says it was dropped, where it says so; else when we first saw it.
    dropped_at: datetime = time_field()
    seen_at: datetime = time_field()
    taken_at: datetime | None = time_field(nullable=True)


class OAuthFlow(SQLModel, table=True):
    """A person on their way to Google and back: used once, within minutes, in the same session."""

    __tablename__ = "oauth_flow"

    id: UUID = id_field()
    state_hash: str = Field(unique=True)
    session_hash: str
    user_id: UUID = foreign_key("user.id")
    purpose: str
    scopes: str = ""
    verifier_encrypted: str
    return_to: str = ""
    expires_at: datetime = time_field()
