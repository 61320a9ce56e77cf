"""A directory of this machine, or of a network disk, as a place where people drop files.

Links are never followed, and show up as dangling: whoever may write into a drop folder must not read other
files of the machine through it. Sockets, pipes and devices don't show up at all, nor do names that say that a
file is unfinished or not for people. See `identity` for what an id and a version are.
"""

import hashlib
import mimetypes
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from creator_app.integrations.drop_folders import directory_writes as writes
from creator_app.integrations.drop_folders import disk, names
from creator_app.integrations.drop_folders.base import DropEntry, EntryKind, News, Upload
from creator_app.integrations.drop_folders.directory_errors import place_error, unreadable, unusable
from creator_app.integrations.drop_folders.directory_memory import Memory
from creator_app.integrations.drop_folders.directory_tree import ROOT_ID, Folder, Tree, Way
from creator_app.integrations.drop_folders.disk import Facts
from creator_app.integrations.drop_folders.errors import EntryGone, NameTaken, PlaceBusy, PlaceRefused
from creator_app.integrations.drop_folders.identity import version_of

_CHUNK_BYTES: Final = 256 * 1024
_SWEEP_EVERY_S: Final = 3600.0
#: A program that keeps a file open for longer than this after it last wrote does not count as writing.
_WRITER_PATIENCE_S: Final = 600.0
_FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class DirectoryPlace:
    """See `creator_app.integrations.drop_folders.DropPlace`. One per process: it remembers where files are.

    Args:
        root: the directory.
        mount_point: where its disk was mounted when it was set up, as `prepare` said. With nothing mounted
            there the disk is away, and the empty folder that shows instead is left alone.
    """

    #: The id of the directory itself.
    root_id: Final = ROOT_ID

    def __init__(self, root: Path, mount_point: str | None = None) -> None:
        self.root = root.absolute()
        self._memory = Memory()
        self._tree = Tree(self.root, mount_point, self._memory)
        self._swept: dict[Way, float] = {}

    def expect_mounted_at(self, mount_point: str | None) -> None:
        """Sets where the directory's disk must be mounted from now on."""
        self._tree.expect_mounted_at(mount_point)

    def prepare(self) -> str:
        """Makes the directory, and tries whether it can be written.

        Returns:
            Where its disk is mounted; empty where that is not known.

        Raises:
            PlaceError: it can't be made or written, or its disk is away.
        """
        self._tree.check_mounted()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable(f"{self.root} can't be made", error) from error
        self.try_writing()
        mount = disk.mount_of(self.root.resolve())
        return mount.point if mount is not None else ""

    def try_writing(self) -> None:
        """Tries whether the directory is there and can be written.

        Raises:
            PlaceError: it can't, or its disk is away.
        """
        try:
            with self._tree.folder(()) as folder:
                writes.probe(folder.fd)
        except OSError as error:
            raise unusable(f"{self.root} can't be written", error) from error

    def keeps_ids(self) -> bool:
        """Whether a renamed file is still known on this kind of disk.

        Raises:
            PlaceError: it is away.
        """
        with self._told(), self._tree.folder(()) as folder:
            return folder.ground.numbered

    def write_text(self, name: str, text: str) -> None:
        """Writes a small file into the directory itself, whole; one that says the same stays as it is.

        Raises:
            PlaceError: it can't be written.
        """
        with self._told(), self._tree.folder(()) as folder:
            writes.write_text(folder.fd, name, text)

    def children(self, folder_id: str) -> Iterator[DropEntry]:
        """What lies in a folder, by name; read as a whole before the first one comes."""
        with self._told(), self._tree.opened(folder_id) as folder:
            found = [self._entry(folder, one) for one in sorted(disk.names_in(folder.fd))]
        yield from (entry for entry in found if entry is not None)

    def look(self, entry_id: str) -> DropEntry:
        """What an id stands for, wherever in the directory it lies now."""
        with self._told(), self._tree.located(entry_id) as (folder, name, facts):
            if not name:
                return DropEntry(ROOT_ID, names.shown(self.root.name), EntryKind.FOLDER)
            entry = self._entry(folder, name, facts)
            if entry is None or entry.id != entry_id:
                raise EntryGone
            return entry

    def folder(self, name: str) -> DropEntry:
        """The folder of this name directly in the directory.

        Raises:
            EntryGone: there is none.
        """
        with self._told(), self._tree.folder(()) as root:
            entry = self._entry(root, name)
            if entry is None or entry.kind is not EntryKind.FOLDER:
                raise EntryGone
            return entry

    def open(self, entry: DropEntry, start: int = 0) -> Iterator[bytes]:
        """The content, in pieces.

        Raises:
            EntryGone: it is not there, or was written to, before the first piece or after the last.
            PlaceBusy: a program of this machine is writing to it.
            PlaceRefused: we may not read it.
        """
        with self._told():
            with self._tree.located(entry.id) as (folder, name, facts):
                now = self._entry(folder, name, facts)
                if now is None or now.kind is not EntryKind.FILE or now.version != entry.version:
                    raise EntryGone("This file has changed.")
                try:
                    fd = os.open(name, _FILE_FLAGS, dir_fd=folder.fd)
                except PermissionError:
                    raise unreadable(now.name) from None
            with os.fdopen(fd, "rb", buffering=0) as file:
                if disk.facts_of(file.fileno()) != facts:
                    raise EntryGone("This file has changed.")
                self._refuse_unfinished(file, facts)
                yield from self._read(file, facts, entry, start)

    def _read(self, file: BinaryIO, facts: Facts, entry: DropEntry, start: int) -> Iterator[bytes]:
        digest = hashlib.md5(usedforsecurity=False)
        size = file.seek(start)
        while piece := file.read(_CHUNK_BYTES):
            size += len(piece)
            digest.update(piece)
            yield piece
        # Its rights or its name may have changed as well: then it is read once more, which does no harm.
        if disk.facts_of(file.fileno()) != facts or (size != facts.size and start <= facts.size):
            raise EntryGone("This file was written to while it was read.")
        if not start:
            self._memory.was_read(entry.id, facts, digest.hexdigest())

    def _refuse_unfinished(self, file: BinaryIO, facts: Facts) -> None:
        age_s = datetime.now(UTC).timestamp() - facts.changed_ns / 10**9
        if age_s < _WRITER_PATIENCE_S and disk.is_being_written(file.fileno()):
            raise PlaceBusy("This file is still being written.", detail="A program has it open for writing.")

    def make_folder(self, parent_id: str, name: str) -> DropEntry:
        """The folder of this name.

        Raises:
            PlaceRefused: a file or a link has this name.
        """
        with self._told(), self._tree.opened(parent_id) as parent:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=parent.fd)
            entry = self._entry(parent, name)
            if entry is None or entry.kind is not EntryKind.FOLDER:
                raise PlaceRefused(
                    f"Something else is called {names.shown(name)}.",
                    hint="Rename it, so that a folder can have this name.",
                )
            return entry

    def reserve(self, folder_id: str, name: str) -> str:
        """Keeps a free name for a file: ``name.png``, else ``name-2.png``, …"""
        with self._told(), self._tree.opened(folder_id) as folder:
            return writes.reserve(folder.fd, name)

    def find(self, upload: Upload) -> DropEntry | None:
        """What an earlier `put` left under the name that was reserved."""
        with self._told(), self._tree.opened(upload.folder_id) as folder:
            name = writes.arrived(folder.fd, upload)
            return self._entry(folder, name) if name is not None else None

    def put(self, upload: Upload, source: BinaryIO) -> DropEntry:
        """Writes beside the target, flushes to the disk, then gives it its name, in one step."""
        with self._told(), self._tree.opened(upload.folder_id) as folder:
            name = writes.put(folder.fd, upload, source)
            entry = self._entry(folder, name)
            self._sweep(folder, name)
            if entry is None:  # taken away at once
                raise NameTaken
            return entry

    def _sweep(self, folder: Folder, name: str) -> None:
        """Tidies a folder up after a write, now and then."""
        now = time.monotonic()
        if now - self._swept.get(folder.way, float("-inf")) > _SWEEP_EVERY_S:
            self._swept[folder.way] = now
            with suppress(OSError):
                writes.sweep(folder.fd, disk.facts_at(folder.fd, name).changed_ns)

    def move(self, entry_id: str, folder_id: str) -> DropEntry:
        """Puts a file into another folder, under a free name; to another disk it is copied and compared."""
        with self._told(), self._tree.opened(folder_id) as target:
            with self._tree.located(entry_id) as (folder, name, _):
                moved = name if folder.id == target.id else writes.move(folder.fd, name, target.fd)
            entry = self._entry(target, moved)
            if entry is None:
                raise EntryGone
            return entry

    def news_token(self) -> str:
        """Listing a directory costs next to nothing: there is no list of changes."""
        return "0"

    def news(self, token: str) -> News:
        """Nothing: list the folders."""
        return News(frozenset(), (), token)

    def _entry(self, folder: Folder, name: str, facts: Facts | None = None) -> DropEntry | None:
        """What has this name in a folder; ``None`` for nothing, and for what is not to be seen."""
        if names.is_hidden(name):
            return None
        try:
            facts = facts or disk.facts_at(folder.fd, name)
        except FileNotFoundError:
            return None
        way = (*folder.way, name)
        kind = _kind(facts)
        if kind is None:
            return None
        if kind is EntryKind.FOLDER and not _may_enter(folder, name):
            kind = EntryKind.DANGLING  # not for us to see
        entry_id = self._tree.id_of(folder, way, facts)
        self._memory.lies_at(entry_id, way)
        if kind is not EntryKind.FILE:
            version = "" if kind is EntryKind.FOLDER else version_of(facts)
            return DropEntry(entry_id, names.shown(name), kind, folder.id, version=version)
        about = self._memory.about(entry_id, facts, folder.fd, name)
        return DropEntry(
            id=entry_id,
            name=names.shown(name),
            parent_id=folder.id,
            size=facts.size,
            version=version_of(facts) + about.mark,
            content_type=mimetypes.guess_type(names.shown(name))[0],
            content_id=entry_id,
            modified_at=_time(facts.written_ns),
            ours=bool(about.properties),
            properties=about.properties,
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the system's errors into ours."""
        try:
            yield
        except OSError as error:
            raise place_error(error) from error


def _kind(facts: Facts) -> EntryKind | None:
    if stat.S_ISREG(facts.mode):
        return EntryKind.FILE
    if stat.S_ISDIR(facts.mode):
        return EntryKind.FOLDER
    return EntryKind.DANGLING if stat.S_ISLNK(facts.mode) else None


def _may_enter(folder: Folder, name: str) -> bool:
    effective = os.access in os.supports_effective_ids
    return os.access(name, os.R_OK | os.X_OK, dir_fd=folder.fd, effective_ids=effective)


def _time(nanos: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(nanos / 10**9, UTC)
    except (OverflowError, OSError, ValueError):
        return None
