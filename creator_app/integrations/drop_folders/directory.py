"""A directory of the operator's machine, or of a NAS that is mounted there, as a place for dropped files.

A file's id is its number in the file system (inode), which stays when it is renamed or moved. Where such
numbers are made up anew at each mount (FUSE, SMB, 9P), the id is the path: there a renamed file is a new one.
The version is size and time of change; a number that is used again for another file has another version.
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from errno import EACCES, EDQUOT, EEXIST, EFBIG, ENOSPC, ENOTSUP, EPERM, EROFS, EXDEV
from functools import cached_property
from mimetypes import guess_type
from pathlib import Path, PurePosixPath
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import BinaryIO, Final

from creator_app.integrations.drop_folders.base import DropEntry, EntryKind, News, Upload
from creator_app.integrations.drop_folders.errors import (
    EntryGone,
    NameTaken,
    PlaceBusy,
    PlaceError,
    PlaceFull,
    PlaceRefused,
)

_CHUNK_BYTES: Final = 256 * 1024
_MOUNTS: Final = Path("/proc/self/mounts")
#: File systems that number their files anew, as far as anybody can tell.
_PASSING_NUMBERS: Final = ("fuse", "cifs", "smb", "9p", "vboxsf", "vmhgfs", "exfat", "vfat", "drvfs")
#: Half-written files by their names, and what systems leave in folders.
_UNFINISHED: Final = (".part", ".partial", ".crdownload", ".download", ".tmp", ".filepart")
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini", "readme.txt", "icon\r"})
_JOB: Final = "user.creator_job_id"
_DELIVERY: Final = "user.creator_delivery"
_MOST_NAMES: Final = 10_000
_NAME_BYTES: Final = 240


class DirectoryPlace:
    """See `creator_app.integrations.drop_folders.DropPlace`.

    Args:
        root: the directory; everything else on the machine is out of reach, links included.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._paths: dict[str, str] = {}
        self._promised: set[str] = set()
        self._lock = threading.Lock()

    @property
    def root_id(self) -> str:
        """The id of the directory itself."""
        with _told():
            return self._id(self._root, self._root.lstat())

    def children(self, folder_id: str) -> Iterator[DropEntry]:
        """What lies directly in a folder."""
        path = self._find(folder_id)
        with _told():
            names = sorted(one.name for one in path.iterdir())
        for name in names:
            if _passed_over(name):
                continue
            entry = self._entry(path / name)
            if entry is not None:
                yield replace(entry, parent_id=folder_id)

    def look(self, entry_id: str) -> DropEntry:
        """A file or folder as it is now."""
        entry = self._entry(self._find(entry_id))
        if entry is None:
            raise EntryGone
        return entry

    def folder(self, name: str) -> DropEntry:
        """The directory of this name directly below the root.

        Raises:
            EntryGone: there is none.
        """
        entry = self._entry(self._root / name)
        if entry is None or entry.kind is not EntryKind.FOLDER:
            raise EntryGone
        return entry

    def open(self, entry: DropEntry, start: int = 0) -> Iterator[bytes]:
        """The content, if it still is the one that ``entry`` names."""
        path = self._find(entry.id)
        with _told(), open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:  # noqa: PTH123
            _check(file, entry)
            file.seek(start)
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
            _check(file, entry)

    def make_folder(self, parent_id: str, name: str) -> DropEntry:
        """A directory in another one; made if it is not there."""
        path = self._find(parent_id) / _safe(name)
        with _told():
            path.mkdir(exist_ok=True)
        entry = self._entry(path)
        if entry is None or entry.kind is not EntryKind.FOLDER:
            raise PlaceRefused(f"There is a file called {name} where a folder should be.")
        return entry

    def reserve(self, folder_id: str, name: str) -> str:
        """A path below the root that is free now."""
        folder = self._find(folder_id)
        pure = PurePosixPath(_safe(name))
        for number in range(1, _MOST_NAMES):
            one = pure.name if number == 1 else f"{pure.stem}-{number}{pure.suffix}"
            path = str((folder / one).relative_to(self._root))
            with self._lock:
                if path not in self._promised and not os.path.lexists(folder / one):
                    self._promised.add(path)
                    return path
        raise PlaceRefused(f"There are too many files called {name}.")

    def find(self, upload: Upload) -> DropEntry | None:
        """What an earlier try left under the reserved path."""
        path = self._reserved(upload)
        entry = self._entry(path)
        if entry is None or entry.size != upload.size:
            return None
        marked = _mark(path, _DELIVERY)
        mine = upload.properties.get("creator_delivery")
        if marked is not None and mine is not None:
            return entry if marked == mine else None
        return entry if upload.md5 and _md5(path) == upload.md5 else None

    def put(self, upload: Upload, source: BinaryIO) -> DropEntry:
        """Writes beside, then gives it its name: nobody sees half a file, and nothing is written over."""
        path = self._reserved(upload)
        beside = path.with_name(f".creator-{hashlib.sha256(upload.id.encode()).hexdigest()[:16]}.part")
        with _told(path.parent):
            try:
                with beside.open("wb") as file:
                    shutil.copyfileobj(source, file, _CHUNK_BYTES)
                    file.flush()
                    os.fsync(file.fileno())
                _set_mark(beside, _DELIVERY, upload.properties.get("creator_delivery"))
                _set_mark(beside, _JOB, upload.properties.get("creator_job_id"))
                _give_name(beside, path)
            finally:
                beside.unlink(missing_ok=True)
        with self._lock:
            self._promised.discard(upload.id)
        entry = self._entry(path)
        if entry is None:
            raise PlaceBusy("The file could not be found right after it was written.")
        return entry

    def move(self, entry_id: str, folder_id: str) -> DropEntry:
        """Puts a file into another folder, under a free name."""
        path, folder = self._find(entry_id), self._find(folder_id)
        if path.parent == folder:
            return self.look(entry_id)
        target = self._root / self.reserve(folder_id, path.name)
        try:
            with _told(path):
                try:
                    _give_name(path, target)
                except OSError as error:
                    if error.errno != EXDEV:
                        raise
                    shutil.copy2(path, target)
                path.unlink(missing_ok=True)
        finally:
            with self._lock:
                self._promised.discard(str(target.relative_to(self._root)))
        entry = self._entry(target)
        if entry is None:
            raise EntryGone
        return entry

    def news_token(self) -> str:
        """A directory keeps no list of changes: it is listed."""
        return "0"

    def news(self, token: str) -> News:
        """Nothing: see `news_token`."""
        return News(frozenset(), (), token)

    def _reserved(self, upload: Upload) -> Path:
        path = self._root / upload.id
        if ".." in path.relative_to(self._root).parts:
            raise PlaceRefused
        if not path.parent.is_dir():
            raise EntryGone("The folder for results is not there any more.")
        return path

    def _entry(self, path: Path) -> DropEntry | None:
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _error(error) from error
        entry_id = self._id(path, found)
        common = {"id": entry_id, "name": _name(path), "content_id": entry_id}
        if S_ISDIR(found.st_mode):
            kind = EntryKind.FOLDER
        elif S_ISREG(found.st_mode):
            kind = EntryKind.FILE
        elif S_ISLNK(found.st_mode):
            kind = EntryKind.DANGLING  # a link could lead to any file of this machine
        else:
            return None
        self._paths[entry_id] = str(path)
        parent = self._id(path.parent, path.parent.stat()) if path != self._root else ""
        if kind is not EntryKind.FILE:
            return DropEntry(**common, kind=kind, parent_id=parent)
        return DropEntry(
            **common,
            parent_id=parent,
            size=found.st_size,
            version=_version(found),
            content_type=guess_type(path.name)[0],
            modified_at=datetime.fromtimestamp(found.st_mtime, UTC),
            ours=_mark(path, _DELIVERY) is not None,
        )

    def _id(self, path: Path, found: os.stat_result) -> str:
        if self._numbers_pass:
            return "path:" + os.fsencode(path.relative_to(self._root)).decode("utf-8", "backslashreplace")
        # Another file system mounted further down has numbers of its own.
        return str(found.st_ino) if found.st_dev == self._device else f"{found.st_dev:x}.{found.st_ino}"

    @property
    def _device(self) -> int:
        with _told():
            return self._root.stat().st_dev

    @cached_property
    def _numbers_pass(self) -> bool:
        return file_system(self._root).startswith(_PASSING_NUMBERS)

    def _find(self, entry_id: str) -> Path:
        """Where a file or folder is now.

        Raises:
            EntryGone: nowhere below the root.
        """
        known = self._paths.get(entry_id)
        if known is not None and self._is(Path(known), entry_id):
            return Path(known)
        self._paths.pop(entry_id, None)
        for path in self._walk():
            if self._is(path, entry_id):
                self._paths[entry_id] = str(path)
                return path
        raise EntryGone

    def _is(self, path: Path, entry_id: str) -> bool:
        try:
            return self._id(path, path.lstat()) == entry_id
        except (OSError, ValueError):
            return False

    def _walk(self) -> Iterator[Path]:
        if not self._root.is_dir():
            raise PlaceBusy(f"The watched folder is not there: {self._root}.", detail="not mounted?")
        yield self._root
        for folder, folders, files in os.walk(self._root):
            for name in [*folders, *files]:
                yield Path(folder) / name


def file_system(path: Path) -> str:
    """The kind of file system that a path lies in, as the kernel calls it; empty where it does not say."""
    try:
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    real = os.path.realpath(path)
    for line in lines:
        parts = line.split()
        if len(parts) < 3:
            continue
        point = parts[1].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, parts[2]
    return kind


def _passed_over(name: str) -> bool:
    lower = name.lower()
    return lower.startswith((".", "~$")) or lower in _LITTER or lower.endswith(_UNFINISHED)


def _version(found: os.stat_result) -> str:
    return f"{found.st_size}-{found.st_mtime_ns}"


def _check(file: BinaryIO, entry: DropEntry) -> None:
    if _version(os.fstat(file.fileno())) != entry.version:
        raise EntryGone("This file has changed meanwhile.")


def _name(path: Path) -> str:
    return os.fsencode(path.name).decode("utf-8", "replace")


def _safe(name: str) -> str:
    clean = name.replace("/", "-").replace("\0", "").strip() or "file"
    pure = PurePosixPath(clean)
    room = _NAME_BYTES - len(pure.suffix.encode())
    stem = pure.stem.encode()[:room].decode("utf-8", "ignore")
    return (stem.lstrip(".") or "file") + pure.suffix


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _mark(path: Path, name: str) -> str | None:
    if not hasattr(os, "getxattr"):
        return None
    try:
        return os.getxattr(path, name, follow_symlinks=False).decode()
    except OSError:
        return None


def _set_mark(path: Path, name: str, value: str | None) -> None:
    if value and hasattr(os, "setxattr"):
        with suppress(OSError):
            os.setxattr(path, name, value.encode())


def _give_name(source: Path, target: Path) -> None:
    """Renames without ever writing over somebody's file."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno == EEXIST:
            raise NameTaken from error
        if error.errno not in (EPERM, ENOTSUP):
            raise
        # No hard links here: take the name first, then replace what took it.
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        source.replace(target)
        return
    source.unlink(missing_ok=True)


@contextmanager
def _told(path: Path | None = None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _error(error, path) from error


def _error(error: OSError, path: Path | None = None) -> PlaceError:
    where = f" ({path or error.filename})" if path or error.filename else ""
    detail = f"{error.strerror}{where}"
    if error.errno in (ENOSPC, EDQUOT, EFBIG):
        return PlaceFull(detail=detail)
    if isinstance(error, FileExistsError):
        return NameTaken(detail=detail)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return EntryGone(detail=detail)
    if error.errno in (EACCES, EPERM, EROFS):
        return PlaceRefused("This file or folder can't be read or written by us.", detail=detail)
    return PlaceBusy(detail=detail)
