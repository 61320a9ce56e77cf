"""Queries over deliveries."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from creator_app.models import Delivery, DropFolder, DropSource
from creator_app.repositories.base import BaseRepository
from creator_app.repositories.errands import in_turns, is_over, under_way


class DeliveryRepository(BaseRepository[Delivery]):
    """Reads and writes deliveries."""

    model = Delivery

    def due(self, now: datetime, limit: int, per_account: int) -> Sequence[Delivery]:
        """Deliveries to folders whose turn has come, of as many accounts as possible."""
        accounts = list(
            self.session.exec(select(Delivery.account_id).where(*_deliverable(now)).distinct().limit(200))
        )
        busy = under_way(self.session, Delivery, now)
        lanes = [
            self._of_account(account, now, max(0, per_account - busy.get(account, 0)))
            for account in accounts
            if account is not None
        ]
        return in_turns(lanes, limit)

    def _of_account(self, account_id: UUID, now: datetime, limit: int) -> list[Delivery]:
        if not limit:
            return []
        statement = (
            select(Delivery)
            .where(Delivery.account_id == account_id, *_deliverable(now))
            .order_by(col(Delivery.next_at), col(Delivery.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list(self.session.exec(statement))


def _deliverable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Not while the place asked to be left alone, or access to it has ended."""
    reachable = (
        select(DropFolder.id)
        .join(DropSource, col(DropSource.id) == col(DropFolder.source_id))
        .where(
            col(DropFolder.id) == col(Delivery.folder_id),
            col(DropSource.state) == "ok",
            is_over(DropSource.held_until, now),
        )
    )
    return (
        col(Delivery.state).in_(("waiting", "sending")),
        col(Delivery.kind).in_(("drive", "folder")),
        col(Delivery.next_at) <= now,
        is_over(Delivery.lease_until, now),
        reachable.exists(),
    )
