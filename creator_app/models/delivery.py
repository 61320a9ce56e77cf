"""Bringing a result elsewhere: a row, a state and retries of its own."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from creator_app.models.base import foreign_key, id_field, one_of, time_field


class Delivery(SQLModel, table=True):
    """One thing on its way to Drive, a watched folder, a mailbox or a webhook.

    Written in the transaction that causes it: nothing is forgotten. Unique by its cause: nothing goes twice.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("kind", ("drive", "folder", "mail", "webhook")),
        one_of("state", ("waiting", "sending", "done", "failed")),
        one_of("what", ("result", "note", "source")),
        sa.UniqueConstraint("cause"),
        sa.Index(None, "state", "next_at"),
    )

    id: UUID = id_field()
    account_id: UUID | None = foreign_key("account.id", nullable=True)
    job_id: UUID | None = foreign_key("job.id", nullable=True)
    #: The folder and file that it answers.
    folder_id: UUID | None = foreign_key("drop_folder.id", nullable=True)
    file_id: UUID | None = foreign_key("drop_file.id", nullable=True)
    kind: str
    #: A result, a note that says why there is none, or the source file that moves out of the way.
    what: str = "result"
    #: Which result of the job.
    n: int | None = None
    target: str
    #: What it answers, in words that are unique: a second row for the same cause can't be written.
    cause: str
    #: The text of a note.
    body: str | None = None
    state: str = "waiting"
    attempts: int = 0
    next_at: datetime | None = time_field(nullable=True)
    lease_token: str | None = None
    lease_until: datetime | None = time_field(nullable=True)
    error_code: str | None = None
    last_error: str | None = None
    #: Asked for before the first byte goes out: a repeat finds what arrived.
    remote_id: str | None = None
    remote_name: str | None = None
    url: str | None = None
    created_at: datetime = time_field()
    done_at: datetime | None = time_field(nullable=True)
