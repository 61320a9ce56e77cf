"""What operators send."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from creator_app.services.pool_view import ServerView


class NewServer(BaseModel):
    """A server to add to the pool."""

    url: str = Field(
        min_length=1, max_length=2000, description="http://host:8188, or https://user:password@host."
    )
    name: str | None = Field(default=None, max_length=80, description="What you call it.")
    slots: int = Field(default=1, ge=1, le=64, description="Prompts at a time; ComfyUI runs one.")
    headers: Annotated[dict[str, str], Field(max_length=20)] = Field(
        default_factory=dict, description="Sent with everything; stored encrypted, never shown."
    )


class ServerList(BaseModel):
    """The pool, the oldest first."""

    items: list[ServerView]
    next_cursor: str | None = None


class Switch(BaseModel):
    """Which of the two switches: of starting what waits, or of taking new jobs."""

    what: Literal["queue", "intake"] = "queue"
