"""Credits, as a ledger."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from creator_app.domain.job_state import LedgerKind
from creator_app.models.base import foreign_key, id_field, one_of, time_field


class LedgerEntry(SQLModel, table=True):
    """A change of an account's credits. One of each kind per job: nothing is billed twice.

    The figures outlive the account and the job: both references become empty then.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (one_of("kind", LedgerKind), sa.UniqueConstraint("job_id", "kind"))

    id: UUID = id_field()
    account_id: UUID | None = foreign_key("account.id", ondelete="SET NULL", nullable=True)
    job_id: UUID | None = foreign_key("job.id", ondelete="SET NULL", nullable=True, index=False)
    kind: str
    #: Added to what is available: a hold is negative, a release gives it back, a settle changes nothing more.
    credits: int
    note: str | None = None
    created_at: datetime = time_field()
