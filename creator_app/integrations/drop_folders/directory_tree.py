"""Where things lie in a directory: opens folders without following links, finds an id wherever it is."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creator_app.integrations.drop_folders import disk, names
from creator_app.integrations.drop_folders.directory_errors import away
from creator_app.integrations.drop_folders.directory_memory import Memory
from creator_app.integrations.drop_folders.disk import Facts
from creator_app.integrations.drop_folders.errors import EntryGone
from creator_app.integrations.drop_folders.identity import Ground, ground_of, id_of

#: The id of the directory itself.
ROOT_ID: Final = "root"

Way = tuple[str, ...]

_DEEPEST: Final = 20
_FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True)
class Folder:
    """An open folder.

    Attributes:
        fd: closed when its context ends.
        way: the names from the root down to it.
        ground: how what lies in it is told apart.
    """

    fd: int
    way: Way
    id: str
    device: int
    ground: Ground


class Tree:
    """A directory with all that is in it.

    Args:
        root: the directory.
        mount_point: where its disk was mounted when it was set up, if that is known.
        memory: keeps where things were last seen.
    """

    def __init__(self, root: Path, mount_point: str | None, memory: Memory) -> None:
        self.root = root
        self._mount_point = mount_point
        self._device_with_mount: int | None = None
        self._grounds: dict[tuple[Way, int], Ground] = {}
        self._memory = memory
        self._scan_lock = threading.Lock()
        self._scans = 0

    def expect_mounted_at(self, mount_point: str | None) -> None:
        """Sets where the directory's disk must be mounted from now on."""
        if mount_point != self._mount_point:
            self._mount_point = mount_point
            self._device_with_mount = None

    @contextmanager
    def folder(self, way: Way) -> Iterator[Folder]:
        """Opens a folder step by step, so that no link on the way is followed.

        Raises:
            PlaceBusy: the directory itself is away.
            OSError: as ``os.open`` does.
        """
        fd = self._open_root()
        try:
            facts = disk.facts_of(fd)
            mount_point: Way = ()
            for depth, name in enumerate(way, 1):
                below = os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=fd)
                os.close(fd)
                fd = below
                device, facts = facts.device, disk.facts_of(fd)
                if facts.device != device:
                    mount_point = way[:depth]
            ground = self._ground(way, mount_point, facts.device)
            folder_id = id_of(way, facts, ground) if way else ROOT_ID
            yield Folder(fd, way, folder_id, facts.device, ground)
        finally:
            os.close(fd)

    @contextmanager
    def opened(self, folder_id: str) -> Iterator[Folder]:
        """Opens the folder of an id.

        Raises:
            EntryGone: it is nowhere in the directory.
        """
        with self.located(folder_id) as (parent, name, _):
            way = (*parent.way, name) if name else ()
        with self.folder(way) as folder:
            if folder.id != folder_id:  # another one has taken its place just now
                raise EntryGone
            yield folder

    @contextmanager
    def located(self, entry_id: str) -> Iterator[tuple[Folder, str, Facts]]:
        """The folder that something lies in, its name there, and its facts; the root has no name.

        Raises:
            EntryGone: it is nowhere in the directory.
        """
        if entry_id == ROOT_ID:
            with self.folder(()) as folder:
                yield folder, "", disk.facts_of(folder.fd)
            return
        way = self._way(entry_id)
        with self.folder(way[:-1]) as folder:
            facts = disk.facts_at(folder.fd, way[-1])
            if self.id_of(folder, way, facts) != entry_id:
                raise EntryGone
            yield folder, way[-1], facts

    def id_of(self, folder: Folder, way: Way, facts: Facts) -> str:
        """The id of what lies in a folder."""
        ground = folder.ground
        if stat.S_ISDIR(facts.mode) and facts.device != folder.device:
            ground = self._ground(way, way, facts.device)
        return id_of(way, facts, ground)

    def check_mounted(self) -> None:
        """Makes sure that the directory's disk is there.

        Raises:
            PlaceBusy: it is away, and what shows instead is the empty folder below its mount point.
        """
        if not self._mount_point:
            return
        with suppress(OSError):
            self.root.stat()  # makes a disk come that is mounted when it is needed
        mount = disk.mount_of(self.root.resolve())
        missing = Path(self._mount_point)
        if mount is not None and missing != Path(mount.point) and missing.is_relative_to(mount.point):
            raise away(
                f"Nothing is mounted at {self._mount_point}, where {self.root} was when it was set up."
            )

    def _way(self, entry_id: str) -> Way:
        scans = self._scans
        way = self._memory.way(entry_id)
        if way is not None and self._lies_there(entry_id, way):
            return way
        self._scan(scans)
        way = self._memory.way(entry_id)
        if way is None:
            raise EntryGone
        return way

    def _lies_there(self, entry_id: str, way: Way) -> bool:
        try:
            with self.folder(way[:-1]) as folder:
                return self.id_of(folder, way, disk.facts_at(folder.fd, way[-1])) == entry_id
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _scan(self, seen: int) -> None:
        """Finds out where everything lies now; threads that ask for it at the same time share one walk."""
        with self._scan_lock:
            # Counted at its begin and its end: two more mean a whole walk since the caller asked.
            if self._scans > seen + 1:
                return
            self._scans += 1
            try:
                self._memory.found(self._walk())
            except BaseException:
                self._scans -= 1
                raise
            self._scans += 1

    def _walk(self) -> dict[str, Way]:
        ways: dict[str, Way] = {}
        waiting: list[Way] = [()]
        while waiting:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                waiting += self._look_into(waiting.pop(), ways)
        return ways

    def _look_into(self, way: Way, ways: dict[str, Way]) -> list[Way]:
        folders: list[Way] = []
        with self.folder(way) as folder:
            for name in disk.names_in(folder.fd):
                if names.is_hidden(name):
                    continue
                try:
                    facts = disk.facts_at(folder.fd, name)
                except FileNotFoundError:
                    continue
                ways[self.id_of(folder, (*way, name), facts)] = (*way, name)
                if stat.S_ISDIR(facts.mode) and len(way) < _DEEPEST:
                    folders.append((*way, name))
        return folders

    def _ground(self, way: Way, mount_point: Way, device: int) -> Ground:
        known = self._grounds.get((mount_point, device))
        if known is None:
            known = self._grounds[mount_point, device] = ground_of(self.root.resolve(), way, mount_point)
        return known

    def _open_root(self) -> int:
        try:
            fd = os.open(self.root, _FOLDER_FLAGS)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise away(f"{self.root}: {error.strerror}") from error
        try:
            device = os.fstat(fd).st_dev
            if device != self._device_with_mount:
                self.check_mounted()
                self._device_with_mount = device
        except BaseException:
            os.close(fd)
            raise
        return fd
