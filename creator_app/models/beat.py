"""Signs of life of the processes that work for everybody."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from creator_app.models.base import time_field


class Beat(SQLModel, table=True):
    """A process, and when its own loop last came round."""

    __tablename__ = "beat"

    #: Host and process id.
    name: str = Field(primary_key=True)
    #: ``worker``, ``clock`` or ``courier``.
    part: str = Field(index=True)
    seen_at: datetime = time_field()
