"""Drop folders and what lies in them: who looks, what was seen, what waits."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select

from creator_app.models import DropFile, DropFolder, DropSource
from creator_app.repositories.base import BaseRepository
from creator_app.repositories.errands import in_turns, is_over, under_way

_NAMES_AT_ONCE = 400


class DropSourceRepository(BaseRepository[DropSource]):
    """Drives and directories."""

    model = DropSource

    def due(self, now: datetime, limit: int) -> Sequence[DropSource]:
        """Those whose time for a look has come and that nobody looks at; the longest due first."""
        statement = (
            select(DropSource)
            .where(
                DropSource.state == "ok",
                col(DropSource.next_look_at) <= now,
                is_over(DropSource.lease_until, now),
                is_over(DropSource.held_until, now),
            )
            .order_by(col(DropSource.next_look_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self.session.exec(statement).all()

    def of_grant(self, grant_id: UUID) -> DropSource | None:
        """The Drive of a grant, for this transaction alone."""
        statement = select(DropSource).where(DropSource.kind == "drive", DropSource.grant_id == grant_id)
        return self.session.exec(statement.with_for_update()).first()

    def of_channel(self, channel_id: str) -> DropSource | None:
        """The Drive that a push channel tells of."""
        return self.session.exec(select(DropSource).where(DropSource.channel_id == channel_id)).first()


class DropFolderRepository(BaseRepository[DropFolder]):
    """Drop folders."""

    model = DropFolder

    def of_source(self, source_id: UUID, *, enabled: bool = True) -> Sequence[DropFolder]:
        """The folders of a Drive or directory, those that are switched on."""
        statement = select(DropFolder).where(DropFolder.source_id == source_id)
        if enabled:
            statement = statement.where(col(DropFolder.enabled))
        return self.session.exec(statement.order_by(col(DropFolder.created_at))).all()


class DropFileRepository(BaseRepository[DropFile]):
    """Files that were seen."""

    model = DropFile

    def known(self, folder_id: UUID, remote_ids: Iterable[str]) -> dict[str, list[DropFile]]:
        """Every row of these files in a folder, by the file's id."""
        wanted = list(remote_ids)
        found: dict[str, list[DropFile]] = {}
        for start in range(0, len(wanted), _NAMES_AT_ONCE):
            statement = select(DropFile).where(
                DropFile.folder_id == folder_id,
                col(DropFile.remote_id).in_(wanted[start : start + _NAMES_AT_ONCE]),
            )
            for row in self.session.exec(statement):
                found.setdefault(row.remote_id, []).append(row)
        return found

    def due(self, now: datetime, limit: int, per_account: int) -> Sequence[DropFile]:
        """Files whose turn has come, of as many accounts as possible: nobody's burst holds up the others.

        Args:
            now: the database's clock.
            limit: how many at most.
            per_account: how many of one account may be under way at a time, those that are included.
        """
        ready = (
            select(DropFile.account_id)
            .join(DropFolder, col(DropFolder.id) == col(DropFile.folder_id))
            .join(DropSource, col(DropSource.id) == col(DropFolder.source_id))
            .where(*_takeable(now))
            .distinct()
            .limit(200)
        )
        accounts = list(self.session.exec(ready))
        busy = under_way(self.session, DropFile, now)
        lanes = [
            self._of_account(account, now, max(0, per_account - busy.get(account, 0))) for account in accounts
        ]
        return in_turns(lanes, limit)

    def _of_account(self, account_id: UUID, now: datetime, limit: int) -> list[DropFile]:
        if not limit:
            return []
        statement = (
            select(DropFile)
            .join(DropFolder, col(DropFolder.id) == col(DropFile.folder_id))
            .join(DropSource, col(DropSource.id) == col(DropFolder.source_id))
            .where(DropFile.account_id == account_id, *_takeable(now))
            .order_by(col(DropFile.next_at), col(DropFile.id))
            .limit(limit)
            .with_for_update(of=DropFile, skip_locked=True)
        )
        return list(self.session.exec(statement))


def _takeable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(DropFile.state) == "seen",
        col(DropFile.next_at) <= now,
        is_over(DropFile.lease_until, now),
        col(DropFolder.enabled),
        col(DropFolder.state) == "ok",
        col(DropSource.state) == "ok",
        is_over(DropSource.held_until, now),
    )
