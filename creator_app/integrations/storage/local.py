"""Files in a folder of this machine (or a mounted one). A file is seen whole or not at all."""

import errno
import hashlib
import itertools
import mimetypes
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final

from creator_app.errors import NotFound, StorageError
from creator_app.integrations.storage.base import (
    CHUNK_BYTES,
    ByteStream,
    Change,
    Listing,
    Names,
    StoredObject,
    checked_key,
    checked_prefix,
    pieces,
)
from creator_app.integrations.storage.events import FolderEvents
from creator_app.integrations.storage.signing import Signer
from creator_app.integrations.storage.watching import watch

# Unfinished files; a key can't begin with a dot, so they never show up as files.
_UNFINISHED: Final = ".unfinished"
_TRIES: Final = 50
# What is unfinished for longer was left by a process that was killed.
_LEFT_BEHIND_S: Final = 24 * 3600
# Trying again is no help against these.
_LASTING: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EISDIR})
_HINTS: Final = {
    errno.ENOSPC: "Make room on the disk of the storage.",
    errno.EDQUOT: "Make room on the disk of the storage.",
    errno.EACCES: "Give Creator's user the right to write into the storage.",
}


class LocalStorage:
    """See `creator_app.integrations.storage.Storage`.

    Args:
        root: the folder; made when the first file comes.
        secret: signs addresses.
    """

    def __init__(self, root: Path, secret: str) -> None:
        self._root = root.absolute()
        self._signer = Signer(secret)

    def prepare(self) -> None:
        """Makes the folder, and clears away what killed processes left half written."""
        with _told(""):
            self._root.mkdir(parents=True, exist_ok=True)
            for entry in (self._root / _UNFINISHED).glob("*"):
                with suppress(FileNotFoundError):
                    if time.time() - entry.stat().st_mtime > _LEFT_BEHIND_S:
                        entry.unlink()

    def lacks(self) -> Names:
        """Nothing: a folder needs no rules."""
        return []

    def put(self, key: str, stream: ByteStream, content_type: str | None = None) -> StoredObject:
        """Writes beside the target, flushes to the disk, then renames."""
        target = self._path(key)
        digest = hashlib.sha256()
        size = 0
        with self._unfinished(key) as (file, name):
            for piece in pieces(stream):  # its errors are the sender's, not the disk's: they pass as they are
                with _told(key, writing=True):
                    file.write(piece)
                digest.update(piece)
                size += len(piece)
            with _told(key, writing=True):
                file.flush()
                os.fsync(file.fileno())
                self._rename(name, target)
        return StoredObject(key, size, digest.hexdigest(), content_type or _guess(key))

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Opens the file now and reads it piece by piece."""
        path = self._path(key)
        with _told(key):
            if path.is_dir():
                raise NotFound("This file was not found.")
            file = path.open("rb")
            file.seek(start)
        return _read(file, None if end is None else max(0, end - start))

    def stat(self, key: str) -> StoredObject:
        """Size and type."""
        path = self._path(key)
        with _told(key):
            if path.is_dir():
                raise NotFound("This file was not found.")
            return _described(key, path.stat())

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        """Deletes the file, and the folders that it leaves empty."""
        path = self._path(key)
        with _told(key):
            if path.is_dir():
                return
            path.unlink(missing_ok=True)
            self._drop_empty(path.parent)

    def delete_prefix(self, prefix: str) -> int:
        """Deletes a folder with all that is in it."""
        folder = self._folder(prefix)
        count = sum(1 for _ in self._keys(folder))
        with _told(prefix):
            if folder == self._root:
                for entry in self._entries(folder):
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            elif folder.is_dir():
                shutil.rmtree(folder)
                self._drop_empty(folder.parent)
        return count

    def list(self, prefix: str = "", cursor: str | None = None, limit: int = 1000) -> Listing:
        """Files below a folder, ordered by key."""
        with _told(prefix):
            found = list(itertools.islice(self._items(self._folder(prefix), cursor or ""), limit + 1))
        page = found[:limit]
        return Listing(page, page[-1].key if len(found) > limit and page else None)

    def folders(self, prefix: str = "") -> Names:
        """Names of the folders directly below one."""
        with _told(prefix):
            return sorted(entry.name for entry in self._entries(self._folder(prefix)) if entry.is_dir())

    def move(self, source: str, target: str) -> None:
        """Renames a file within the storage."""
        from_path, to_path = self._path(source), self._path(target)
        with _told(source):
            if not from_path.is_file():
                raise NotFound("This file was not found.")
            self._rename(from_path, to_path)
            if from_path != to_path:
                self._drop_empty(from_path.parent)

    def watch(self, prefix: str = "", *, stop: Event | None = None, every_s: float = 5.0) -> Iterator[Change]:
        """Compares what is there: when the system tells of a change, and every few seconds anyway."""
        folder = self._folder(prefix)
        events = FolderEvents(folder, stop or Event())
        with _told(prefix):
            self._root.mkdir(parents=True, exist_ok=True)

        def look() -> Iterator[StoredObject]:
            if not self._root.is_dir():  # a disk that is not mounted, for instance: the files are not gone
                raise StorageError("The folder of the storage is not there.")
            with _told(prefix):
                yield from self._items(folder)

        return watch(look, events.wait, every_s)

    def signed_url(self, key: str, expires_s: int, filename: str | None = None) -> str:
        """An address at Creator itself."""
        return self._signer.url(checked_key(key), expires_s, filename)

    def direct_url(self, key: str, expires_s: int, *, content_type: str, disposition: str) -> str | None:
        """There is no server but Creator itself."""
        checked_key(key)
        return None

    def signed_upload_url(self, key: str, expires_s: int) -> str | None:
        """There is no server but Creator itself."""
        checked_key(key)
        return None

    def verify_signature(self, key: str, expires: int, signature: str, filename: str | None = None) -> bool:
        """Whether an address is genuine and still valid."""
        return self._signer.verify(key, expires, signature, filename)

    def local_path(self, key: str) -> Path | None:
        """The file itself, if it is there."""
        path = self._path(key)
        return path if path.is_file() else None

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*checked_key(key).split("/"))

    def _folder(self, prefix: str) -> Path:
        return self._root.joinpath(*checked_prefix(prefix).split("/"))

    @contextmanager
    def _unfinished(self, key: str) -> Iterator[tuple[BinaryIO, Path]]:
        folder = self._root / _UNFINISHED
        with _told(key, writing=True):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=folder)
        path = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file, path
        finally:
            path.unlink(missing_ok=True)  # gone already where all went well

    def _rename(self, source: Path, target: Path) -> None:
        for left in reversed(range(_TRIES)):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
                break
            except (FileNotFoundError, FileExistsError):
                # Somebody deleted the last file of that folder, and the folder with it, just now; Python
                # says "exists" where it went between a mkdir and the look at why that failed.
                if not left or not source.exists():
                    raise
        _flush_folder(target.parent)

    def _drop_empty(self, folder: Path) -> None:
        while folder != self._root and folder.is_relative_to(self._root):
            try:
                folder.rmdir()
            except OSError:  # not empty, or gone
                return
            folder = folder.parent

    def _keys(self, folder: Path) -> Iterator[str]:
        for item in self._items(folder):
            yield item.key

    def _items(self, folder: Path, after: str = "") -> Iterator[StoredObject]:
        """Files whose key comes after ``after``, ordered by key; folders that lie before it aren't opened."""
        for entry in self._entries(folder):
            key = entry.relative_to(self._root).as_posix()
            if entry.is_dir():
                if f"{key}/" > after or after.startswith(f"{key}/"):
                    yield from self._items(entry, after)
            elif key > after:
                with suppress(FileNotFoundError):  # deleted since the folder was read
                    yield _described(key, entry.stat())

    def _entries(self, folder: Path) -> Iterator[Path]:
        """What is in a folder, in the order that the keys of all the files below have."""
        try:
            with os.scandir(folder) as found:
                names = sorted(f"{one.name}/" if one.is_dir() else one.name for one in found)
        except (FileNotFoundError, NotADirectoryError):
            return
        yield from (folder / name for name in names if not name.startswith("."))


def _described(key: str, found: os.stat_result) -> StoredObject:
    version = f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"
    return StoredObject(key, found.st_size, content_type=_guess(key), version=version)


def _guess(key: str) -> str:
    return mimetypes.guess_type(key)[0] or "application/octet-stream"


def _read(file: BinaryIO, left: int | None) -> Iterator[bytes]:
    with file:
        while left is None or left > 0:
            chunk = file.read(CHUNK_BYTES if left is None else min(CHUNK_BYTES, left))
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk


def _flush_folder(folder: Path) -> None:
    """Makes a rename last through a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


@contextmanager
def _told(key: str, *, writing: bool = False) -> Iterator[None]:
    """Turns the system's errors into ours; who writes was never looking for a file."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError) and not writing:
            raise NotFound("This file was not found.") from error
        reason = error.strerror or "the disk refused"
        raise StorageError(
            f"The file could not be stored or read: {reason}.",
            hint=_HINTS.get(error.errno or 0),
            retryable=error.errno not in _LASTING,
        ) from error
