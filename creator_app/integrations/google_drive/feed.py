"""What Drive says has changed, and push channels that tell of it at once: hints, never the truth.

https://developers.google.com/workspace/drive/api/guides/manage-changes and …/guides/push
"""

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from creator_app.integrations.drop_folders.base import DropEntry, News
from creator_app.integrations.drop_folders.errors import EntryGone, PlaceRefused
from creator_app.integrations.google_drive.api import DriveApi
from creator_app.integrations.google_drive.entries import FIELDS

_PAGE: Final = 1000
#: The person's own list of changes; the others have the id of their shared drive.
_OWN: Final = ""


@dataclass(frozen=True)
class Channel:
    """A push channel.

    Attributes:
        id: ours.
        resource_id: Google's name for what is watched; needed to stop it.
        until: it ends by itself then.
    """

    id: str
    resource_id: str
    until: datetime


class Feed:
    """Reads the lists of changes of a person and of shared drives.

    Args:
        api: makes the calls.
        resolved: turns a file into an entry.
        shared_drives: says which ones matter now; each has a list of its own, which the person's does not
            contain.
    """

    def __init__(
        self,
        api: DriveApi,
        resolved: Callable[[dict[str, Any]], DropEntry],
        shared_drives: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._api = api
        self._resolved = resolved
        self._shared_drives = shared_drives

    def _lists(self) -> list[str]:
        return [_OWN, *sorted(self._shared_drives())]

    def token(self) -> str:
        """Where a reader begins who wants to hear of everything from now on."""
        return _written(self._starts())

    def news(self, token: str) -> News:
        """What changed since.

        Raises:
            EntryGone: the token is none, or too old.
        """
        tokens = _read(token)
        entries: list[tuple[DropEntry, datetime | None]] = []
        following: dict[str, str] = {}
        for one in self._lists():
            try:
                # A shared drive that is new to us begins now; its folder is listed anyway.
                told, following[one] = (
                    self._since(one, tokens[one]) if one in tokens else ([], self._start(one))
                )
            except (EntryGone, PlaceRefused):
                if one == _OWN:
                    raise
                continue  # not a member of this shared drive any more: its folder's own look says so
            entries += told
        folders = frozenset(entry.parent_id for entry, _ in entries if entry.parent_id)
        return News(folders, tuple(entries), _written(following))

    def own_token(self, token: str) -> str:
        """Where the person's own list goes on, of a token of ours."""
        return _read(token)[_OWN]

    def _start(self, drive_id: str) -> str:
        request = self._api.changes.getStartPageToken(
            driveId=drive_id or None, supportsAllDrives=True, fields="startPageToken"
        )
        return str(self._api.read(request)["startPageToken"])

    def _starts(self) -> dict[str, str]:
        starts = {_OWN: self._start(_OWN)}
        for one in self._lists()[1:]:
            with suppress(EntryGone, PlaceRefused):
                starts[one] = self._start(one)
        return starts

    def _since(self, drive_id: str, token: str) -> tuple[list[tuple[DropEntry, datetime | None]], str]:
        """What one list has to tell, page after page, and where it goes on."""
        told: list[tuple[DropEntry, datetime | None]] = []
        while True:
            answer = self._page(drive_id, token)
            for change in answer.get("changes") or []:
                told += self._told(change)
            token = answer.get("nextPageToken") or answer.get("newStartPageToken") or token
            if not answer.get("nextPageToken"):
                return told, token

    def _page(self, drive_id: str, token: str) -> dict[str, Any]:
        request = self._api.changes.list(
            pageToken=token,
            pageSize=_PAGE,
            driveId=drive_id or None,
            spaces="drive",
            restrictToMyDrive=False,
            includeRemoved=True,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            fields=f"nextPageToken,newStartPageToken,changes(changeType,removed,time,fileId,file({FIELDS}))",
        )
        try:
            answer: dict[str, Any] = self._api.read(request)
        except PlaceRefused as error:  # 400 invalid: a token that is none, or too old
            if error.detail.startswith("400"):
                raise EntryGone(detail=error.detail) from error
            raise
        return answer

    def _told(self, change: dict[str, Any]) -> list[tuple[DropEntry, datetime | None]]:
        file = change.get("file")
        if change.get("removed") or not file or file.get("trashed"):
            return []
        return [(self._resolved(file), _time(change.get("time")))]

    def watch(self, token: str, channel_id: str, secret: str, address: str, until: datetime) -> Channel:
        """Has Google tell an address of changes.

        Args:
            token: from `token` or `news`.
            channel_id: a new, random id.
            secret: sent along with each notification.
            address: https, reachable from the internet.
            until: when it is to end; Google may end it sooner, after a week at the latest.
        """
        body = {
            "id": channel_id,
            "type": "web_hook",
            "address": address,
            "token": secret,
            "expiration": str(int(until.timestamp() * 1000)),
        }
        request = self._api.changes.watch(
            body=body,
            pageToken=self.own_token(token),
            spaces="drive",
            restrictToMyDrive=False,
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
        )
        answer = self._api.once(request)
        ends = int(answer.get("expiration") or int(until.timestamp() * 1000))
        return Channel(
            channel_id, str(answer.get("resourceId") or ""), datetime.fromtimestamp(ends / 1000, UTC)
        )

    def stop(self, channel_id: str, resource_id: str) -> None:
        """Ends a push channel; one that has ended is fine."""
        request = self._api.channels.stop(body={"id": channel_id, "resourceId": resource_id})
        try:
            self._api.read(request)
        except EntryGone:
            return


def _written(tokens: dict[str, str]) -> str:
    """Tokens as one text: plain where there is only the person's own list."""
    return tokens[_OWN] if set(tokens) == {_OWN} else json.dumps(tokens, sort_keys=True)


def _read(token: str) -> dict[str, str]:
    if not token.startswith("{"):
        return {_OWN: token}
    try:
        found = json.loads(token)
        return {str(name): str(value) for name, value in found.items()} | {_OWN: str(found[_OWN])}
    except (ValueError, KeyError, AttributeError) as error:
        raise EntryGone(detail="this is no token") from error


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
