"""The change logs: one for each user, one for each shared drive.

Source: "Track changes for users and shared drives" and "Identify which change log to track": an entry is the
present state of an item, older entries for the same item are replaced; items of a shared drive are in that
drive's log alone; what one lost access to, or what moved to another log, is ``removed``. Tokens don't expire.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .access import Viewer, can_see
from .clock import rfc3339
from .errors import invalid
from .resource import drive_resource, file_resource
from .store import Item, Store


@dataclass
class Entry:
    """That something happened to a file (or, in a user's log, to a shared drive they are a member of)."""

    time: datetime
    file_id: str = ""
    drive_id: str = ""
    apps: frozenset[str] = frozenset()
    number: int = 0


@dataclass
class Log:
    entries: list[Entry] = field(default_factory=list)
    #: entries that nobody is shown yet
    late: list[tuple[datetime, Entry]] = field(default_factory=list)
    next_number: int = 1
    seen: int = 0


class Changes:
    """All logs, by a user's ``sub`` or a shared drive's id.

    Attributes:
        lose_every: every so many-th entry never appears; 0 for none.
        delay_s: how long an entry takes to appear.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lose_every, self.delay_s = 0, 0.0
        self.lost: list[str] = []
        self._logs: dict[str, Log] = defaultdict(Log)

    def note(self, item: Item, before: frozenset[str]) -> frozenset[str]:
        """Writes a change of an item into each log that it belongs to, or did; returns these."""
        keys = before | (self.store.logs(item) if item.id in self.store.items else frozenset())
        for key in sorted(keys):
            self._write(key, Entry(self.store.clock.now(), item.id, apps=frozenset(item.apps)))
        return keys

    def note_drive(self, drive_id: str, sub: str) -> None:
        """A user became or is no longer a member of a shared drive."""
        self._write(sub, Entry(self.store.clock.now(), drive_id=drive_id))

    def _write(self, key: str, entry: Entry) -> None:
        log = self._logs[key]
        log.seen += 1
        if self.lose_every and log.seen % self.lose_every == 0:
            self.lost.append(entry.file_id)
        elif self.delay_s:
            log.late.append((self.store.clock.now() + timedelta(seconds=self.delay_s), entry))
        else:
            self._append(log, entry)

    def _append(self, log: Log, entry: Entry) -> None:
        entry.number, log.next_number = log.next_number, log.next_number + 1
        log.entries.append(entry)

    def _log(self, key: str) -> Log:
        log, now = self._logs[key], self.store.clock.now()
        for one in [one for one in log.late if one[0] <= now]:
            log.late.remove(one)
            self._append(log, one[1])
        return log

    def start_token(self, key: str) -> str:
        return str(self._log(key).next_number)

    def page(self, key: str, token: str, size: int) -> tuple[list[Entry], str, bool]:
        """Entries from a token on, where to go on, and whether that was all.

        Raises:
            ApiError: 400 for a token that was never given out.
        """
        log = self._log(key)
        if not token.isdecimal() or not 1 <= int(token) <= log.next_number:
            raise invalid("Invalid Value", "pageToken")
        newest = {one.file_id or one.drive_id: one for one in log.entries if one.number >= int(token)}
        found = sorted(newest.values(), key=lambda one: one.number)
        if len(found) > size:
            return found[:size], str(found[size - 1].number + 1), False
        return found, str(log.next_number), True

    def resource(self, viewer: Viewer, key: str, entry: Entry) -> dict[str, Any] | None:
        """A Change of the discovery document; ``None`` for what this app is told nothing of."""
        told: dict[str, Any] = {"kind": "drive#change", "time": rfc3339(entry.time), "removed": False}
        if entry.drive_id:
            drive = self.store.drives.get(entry.drive_id)
            told |= {"changeType": "drive", "type": "drive", "driveId": entry.drive_id}
            member = drive and viewer.user.sub in drive.members
            return told | ({"drive": drive_resource(drive)} if drive and member else {"removed": True})
        if not viewer.is_wide and viewer.client_id not in entry.apps:
            return None
        told |= {"changeType": "file", "type": "file", "fileId": entry.file_id}
        item = self.store.items.get(entry.file_id)
        if item is None or not can_see(self.store, viewer, item) or key not in self.store.logs(item):
            return told | {"removed": True}
        return told | {"file": file_resource(self.store, viewer, item)}
