"""A ComfyUI server that jobs run on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field, SQLModel

from creator_app.models.base import id_field, json_field, one_of, time_field


class ComfyServer(SQLModel, table=True):
    """A server, its slots and its health."""

    __tablename__ = "comfy_server"
    __table_args__ = (one_of("state", ("online", "offline", "draining", "quarantined")),)

    id: UUID = id_field()
    url: str = Field(unique=True)
    name: str | None = None
    headers_encrypted: str | None = None
    #: ComfyUI runs one prompt at a time.
    slots: int = 1
    state: str = "offline"
    failures: int = 0
    last_seen_at: datetime | None = time_field(nullable=True)
    info: dict[str, Any] | None = json_field(nullable=True)
    object_info_hash: str | None = None
    created_at: datetime = time_field()
