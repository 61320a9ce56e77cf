"""Push channels: Google tells us that something changed in a Drive, so that nobody waits for the next look.

A channel is a hint like the list of changes itself. It is made when a Drive is looked at, renewed long before
it ends, stopped when it is of no use any more; https://developers.google.com/workspace/drive/api/guides/push.
"""

import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

from creator_app.errors import NotFound
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders.errors import PlaceError
from creator_app.models import DropSource
from creator_app.repositories.drops import DropFolderRepository, DropSourceRepository
from creator_app.services import drop_sources
from creator_app.services.credentials import hash_secret
from creator_app.services.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from creator_app.integrations.google_drive.place import GoogleDrivePlace

log = get_logger(__name__)

HOOK: Final = "/api/v1/hooks/drive"
#: Google's longest for changes.
_LIFETIME: Final = timedelta(days=7)
_RENEW_BEFORE: Final = timedelta(days=1)
#: After a channel could not be made; looks go on meanwhile.
_TRY_AGAIN_AFTER: Final = timedelta(minutes=10)


class DriveChannels:
    """Keeps push channels.

    Args:
        uow: opens transactions.
        place_of: the Drive of a source.
        public_url: where Google reaches us; ``None`` where it can't.
        api_url: Google's address. One on plain http is a server for tests, which calls plain http back.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        place_of: "Callable[[DropSource], GoogleDrivePlace]",
        public_url: str | None,
        api_url: str,
    ) -> None:
        self._uow = uow
        self._place_of = place_of
        self._address = _hook_address(public_url, api_url)
        self._not_before: dict[str, datetime] = {}

    @property
    def can_push(self) -> bool:
        """Whether Google can reach us."""
        return self._address is not None

    def keep(self, source: DropSource) -> None:
        """Makes a source's channel if it has none, and a new one before it ends; stops one without a use.

        Never raises for what Google says: looks go on without.

        Args:
            source: as its looker read it; its token is where the channel begins.
        """
        with self._uow.read() as work:
            row = work.session.get(DropSource, source.id)
            if row is None or row.state != "ok" or row.kind != "drive":
                return
            used = bool(DropFolderRepository(work.session).of_source(row.id))
        now = datetime.now(UTC)
        if not used or self._address is None:
            if row.channel_id:
                self.stop(row)
            return
        if row.channel_until is not None and row.channel_until - _RENEW_BEFORE > now:
            return
        if self._not_before.get(str(row.id), now) > now:
            return
        try:
            self._make(row, self._address, now)
        except PlaceError as error:
            self._not_before[str(row.id)] = now + _TRY_AGAIN_AFTER
            log.warning("drive_channel_not_made", source=str(row.id), detail=error.detail)

    def _make(self, row: DropSource, address: str, now: datetime) -> None:
        feed = self._place_of(row).feed
        secret = secrets.token_urlsafe(32)
        token = row.token or feed.token()
        channel = feed.watch(token, str(uuid4()), secret, address, now + _LIFETIME)
        with self._uow.write() as work:
            current = work.session.get(DropSource, row.id, with_for_update=True, populate_existing=True)
            mine = current is not None and current.channel_id == row.channel_id and current.state == "ok"
            if current is not None and mine:
                current.channel_id = channel.id
                current.channel_resource = channel.resource_id
                current.channel_secret_hash = hash_secret(secret)
                current.channel_until = channel.until
                # What changed before the channel was there, nobody told of.
                current.next_look_at = db_now(work.session)
                work.session.add(current)
        stale = (row.channel_id, row.channel_resource) if mine else (channel.id, channel.resource_id)
        if stale[0] and stale[1]:
            self._stop(row, stale[0], stale[1])

    def stop(self, row: DropSource) -> None:
        """Ends a source's channel, and forgets it; Google not answering is fine, it ends by itself."""
        if row.channel_id is None:
            return
        with self._uow.write() as work:
            current = work.session.get(DropSource, row.id, with_for_update=True, populate_existing=True)
            if current is not None and current.channel_id == row.channel_id:
                current.channel_id = current.channel_resource = None
                current.channel_secret_hash = current.channel_until = None
                work.session.add(current)
        if row.channel_resource:
            self._stop(row, row.channel_id, row.channel_resource)

    def _stop(self, row: DropSource, channel_id: str, resource_id: str) -> None:
        try:
            self._place_of(row).feed.stop(channel_id, resource_id)
        except PlaceError as error:
            log.info("drive_channel_not_stopped", source=str(row.id), detail=error.detail)

    def heard(self, channel_id: str, secret: str, state: str = "change") -> None:
        """Has a Drive looked at because Google says that something changed there.

        The greeting of a new channel ("sync") tells of no change, says Google's page on push notifications.

        Args:
            channel_id: from the notification; anybody may send one.
            secret: which only Google and we know.
            state: what happened: "sync" or "change".

        Raises:
            NotFound: there is no such channel, or the secret is another one: nothing happens.
        """
        with self._uow.read() as work:
            source = DropSourceRepository(work.session).of_channel(channel_id[:100])
        expected = (source.channel_secret_hash if source is not None else None) or hash_secret("")
        right = hmac.compare_digest(expected, hash_secret(secret))
        if source is None or not secret or not right or source.state != "ok":
            raise NotFound("There is no such channel.")
        if state == "sync":
            return
        with self._uow.write() as work:
            drop_sources.look_soon(work, source.id)


def _hook_address(public_url: str | None, api_url: str) -> str | None:
    if public_url is None:
        return None
    secure = urlsplit(public_url).scheme == "https"
    return public_url.rstrip("/") + HOOK if secure or urlsplit(api_url).scheme == "http" else None
