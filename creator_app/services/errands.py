"""Leases for what couriers do: looking at a folder, fetching a file, bringing a result.

Whoever holds a row's lease works on it outside of any transaction and renews the lease meanwhile; every write
of theirs is fenced by it. A courier that dies is followed by another one when the lease has run out.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from creator_app.errors import LeaseLost
from creator_app.infrastructure.database import db_now
from creator_app.models import Delivery, DropFile, DropSource
from creator_app.services.unit_of_work import Work

LEASE: Final = timedelta(seconds=10)

Row = TypeVar("Row", DropSource, DropFile, Delivery)
Table = type[DropSource] | type[DropFile] | type[Delivery]


@dataclass(frozen=True)
class Errand:
    """A row that this courier works on.

    Attributes:
        table: the row's model.
        row_id: which row.
        token: proof that the lease is ours.
    """

    table: Table
    row_id: UUID
    token: str


def lend(
    work: Work, rows: Sequence[DropSource] | Sequence[DropFile] | Sequence[Delivery], lease: timedelta
) -> list[Errand]:
    """Hands rows out that were just selected in this transaction."""
    until = db_now(work.session) + lease
    errands = []
    for row in rows:
        row.lease_token = secrets.token_hex(8)
        row.lease_until = until
        work.session.add(row)
        errands.append(Errand(type(row), row.id, row.lease_token))
    work.session.flush()
    return errands


def held(work: Work, errand: Errand, model: type[Row]) -> Row:
    """The row, locked, if the lease still is ours.

    Raises:
        LeaseLost: somebody else took over, or the row is gone.
    """
    row = work.session.get(model, errand.row_id, with_for_update=True, populate_existing=True)
    if row is None or row.lease_token != errand.token:
        raise LeaseLost("Another courier has taken this over.")
    return row


def let_go(row: DropSource | DropFile | Delivery) -> None:
    """Ends a lease; the caller's transaction writes it."""
    row.lease_token = None
    row.lease_until = None


def renew(work: Work, errands: Sequence[Errand], lease: timedelta = LEASE) -> None:
    """Makes leases last longer; those that were lost stay lost."""
    until = db_now(work.session) + lease
    for errand in errands:
        table = errand.table
        work.session.execute(
            update(table)
            .where(col(table.id) == errand.row_id, col(table.lease_token) == errand.token)
            .values(lease_until=until)
            .execution_options(synchronize_session=False)
        )
