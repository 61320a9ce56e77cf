"""ComfyUI servers that jobs run on, and what each can do."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from creator_app.models.base import id_field, json_field, one_of, time_field


class ComfyServer(SQLModel, table=True):
    """A server, its slots and its health.

    ``draining`` is the operator's word: what runs there ends there, nothing new begins. ``quarantined`` is
    ours, after failures in a row, and ends by itself.
    """

    __tablename__ = "comfy_server"
    __table_args__ = (one_of("state", ("online", "offline", "draining", "quarantined")),)

    id: UUID = id_field()
    url: str = Field(unique=True)
    name: str | None = None
    headers_encrypted: str | None = None
    #: Named by the settings; the others were added by an admin.
    from_settings: bool = False
    #: ComfyUI runs one prompt at a time.
    slots: int = 1
    state: str = "offline"
    #: Runs that failed in a row by the server's own fault.
    failures: int = 0
    #: Quarantines in a row; each is longer than the one before.
    quarantines: int = 0
    quarantined_until: datetime | None = time_field(nullable=True)
    last_error: str | None = None
    last_seen_at: datetime | None = time_field(nullable=True)
    #: What /system_stats said.
    info: dict[str, Any] | None = json_field(nullable=True)
    #: Its device's name, and the memory models and pictures live in, in bytes.
    kind: str | None = None
    memory_bytes: int | None = Field(default=None, sa_type=sa.BigInteger, nullable=True)
    object_info_hash: str | None = None
    #: What it ran last: that recipe's models are probably still loaded.
    warm_recipe_version_id: UUID | None = Field(default=None, sa_type=sa.Uuid, nullable=True)
    created_at: datetime = time_field()


class ServerCatalog(SQLModel, table=True):
    """What a server's /object_info said, cut down to what recipes are checked against."""

    __tablename__ = "server_catalog"

    server_id: UUID = Field(
        sa_type=sa.Uuid,
        sa_column_args=[sa.ForeignKey("comfy_server.id", ondelete="CASCADE")],
        primary_key=True,
    )
    #: Choices by node class and input name.
    nodes: dict[str, Any] = json_field()
    seen_at: datetime = time_field()


class ServerAbility(SQLModel, table=True):
    """Whether a server can run a recipe version; without a row nobody has looked yet."""

    __tablename__ = "server_ability"

    server_id: UUID = Field(
        sa_type=sa.Uuid,
        sa_column_args=[sa.ForeignKey("comfy_server.id", ondelete="CASCADE")],
        primary_key=True,
    )
    recipe_version_id: UUID = Field(
        sa_type=sa.Uuid,
        sa_column_args=[sa.ForeignKey("recipe_version.id", ondelete="CASCADE")],
        primary_key=True,
        index=True,
    )
    able: bool
    #: What is not there, for the operator.
    missing: list[str] = json_field(list)
