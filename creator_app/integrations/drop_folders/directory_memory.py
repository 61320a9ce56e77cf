"""What a process remembers of the files in a directory. All of it can be lost at any moment."""

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from creator_app.integrations.drop_folders import disk
from creator_app.integrations.drop_folders.disk import Facts

#: Extended attributes of ours: ``user.creator_job_id`` and its like.
PREFIX: Final = "creator_"

_FILES_KEPT: Final = 100_000
_READ_KEPT: Final = 10_000
_CHUNK_BYTES: Final = 256 * 1024
_UNREADABLE: Final = "-unreadable"


@dataclass(frozen=True)
class About:
    """What is known of a file beside its facts.

    Attributes:
        changed_ns: when it was found out; it holds until the file's own time of change is another one.
        properties: what we attached to it.
        mark: goes behind the version: nobody may read it, or its content is another one at the same time.
    """

    changed_ns: int
    properties: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""


@dataclass(frozen=True)
class _Read:
    """A file whose content was read."""

    facts: Facts
    md5: str
    mark: str = ""


class Memory:
    """Where files lie, what is attached to them, and what they contained."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ways: dict[str, tuple[str, ...]] = {}
        self._about: OrderedDict[str, About] = OrderedDict()
        self._read: OrderedDict[str, _Read] = OrderedDict()

    def way(self, entry_id: str) -> tuple[str, ...] | None:
        """Where something was last seen."""
        return self._ways.get(entry_id)

    def lies_at(self, entry_id: str, way: tuple[str, ...]) -> None:
        """Notes where something was seen."""
        with self._lock:
            if len(self._ways) > _FILES_KEPT:
                self._ways.clear()
            self._ways[entry_id] = way

    def found(self, ways: dict[str, tuple[str, ...]]) -> None:
        """Notes where everything lies: what is not in it is nowhere."""
        with self._lock:
            self._ways = ways

    def was_read(self, entry_id: str, facts: Facts, md5: str) -> None:
        """Notes what a file contained."""
        with self._lock:
            known = self._read.get(entry_id)
            mark = known.mark if known is not None and known.md5 == md5 else ""
            _keep(self._read, entry_id, _Read(facts, md5, mark), _READ_KEPT)

    def about(self, entry_id: str, facts: Facts, folder_fd: int, name: str) -> About:
        """What is known of a file; looked up anew when anything about the file has changed."""
        known = self._about.get(entry_id)
        if known is not None and known.changed_ns == facts.changed_ns:
            return known
        if os.access(name, os.R_OK, dir_fd=folder_fd, effective_ids=os.access in os.supports_effective_ids):
            properties = disk.read_marks(folder_fd, name, PREFIX)
            found = About(facts.changed_ns, properties, self._mark(entry_id, facts, folder_fd, name))
        else:
            found = About(facts.changed_ns, mark=_UNREADABLE)
        with self._lock:
            _keep(self._about, entry_id, found, _FILES_KEPT)
        return found

    def _mark(self, entry_id: str, facts: Facts, folder_fd: int, name: str) -> str:
        """Tells a file whose content was replaced, and whose old time was put back, from what it was.

        The time of change can't be put back, but a rename or another owner changes it, too: only the content
        tells, and only for what this process has read.
        """
        with self._lock:
            known = self._read.get(entry_id)
        if known is None:
            return ""
        if (known.facts.size, known.facts.written_ns) != (facts.size, facts.written_ns):
            with self._lock:
                self._read.pop(entry_id, None)
            return ""
        if known.facts.changed_ns == facts.changed_ns:
            return known.mark
        md5 = md5_of(folder_fd, name)
        if md5 is None:
            return known.mark
        mark = known.mark if md5 == known.md5 else f"-{md5[:12]}"
        with self._lock:
            _keep(self._read, entry_id, replace(known, facts=facts, md5=md5, mark=mark), _READ_KEPT)
        return mark


def _keep(
    kept: OrderedDict[str, About] | OrderedDict[str, _Read], key: str, value: object, limit: int
) -> None:
    kept[key] = value  # type: ignore[assignment]
    kept.move_to_end(key)
    if len(kept) > limit:
        kept.popitem(last=False)


def md5_of(folder_fd: int, name: str) -> str | None:
    """The md5 of a file's content, hex; ``None`` if it can't be read."""
    with suppress(OSError):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, dir_fd=folder_fd), "rb", buffering=0) as file:
            digest = hashlib.md5(usedforsecurity=False)
            while piece := file.read(_CHUNK_BYTES):
                digest.update(piece)
            return digest.hexdigest()
    return None
