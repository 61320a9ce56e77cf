"""Files in a folder of this machine (or a mounted one). A file is seen whole or not at all."""

import hashlib
import mimetypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from creator_app.errors import NotFound, StorageError
from creator_app.integrations.storage.base import (
    CHUNK_BYTES,
    ByteStream,
    Listing,
    Names,
    StoredObject,
    checked_key,
    checked_prefix,
    pieces,
)
from creator_app.integrations.storage.signing import Signer

# Unfinished files; a key can't begin with a dot, so they never show up as files.
_UNFINISHED: Final = ".unfinished"
_TRIES: Final = 50


class LocalStorage:
    """See `creator_app.integrations.storage.Storage`.

    Args:
        root: the folder; made when the first file comes.
        secret: signs addresses.
    """

    def __init__(self, root: Path, secret: str) -> None:
        self._root = root.absolute()
        self._signer = Signer(secret)

    def put(self, key: str, stream: ByteStream, content_type: str | None = None) -> StoredObject:
        """Writes beside the target, flushes to the disk, then renames."""
        target = self._path(key)
        digest = hashlib.sha256()
        size = 0
        with self._unfinished(key) as (file, name):
            for piece in pieces(stream):  # its errors are the sender's, not the disk's: they pass as they are
                with _told(key):
                    file.write(piece)
                digest.update(piece)
                size += len(piece)
            with _told(key):
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
            return StoredObject(key, path.stat().st_size, content_type=_guess(key))

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
            keys = sorted(key for key in self._keys(self._folder(prefix)) if cursor is None or key > cursor)
            page = keys[:limit]
            items = [self.stat(key) for key in page if self.exists(key)]
        return Listing(items, page[-1] if len(keys) > limit and page else None)

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

    def signed_url(self, key: str, expires_s: int, filename: str | None = None) -> str:
        """An address at Creator itself."""
        return self._signer.url(checked_key(key), expires_s, filename)

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
        with _told(key):
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
        for entry in self._entries(folder):
            if entry.is_dir():
                yield from self._keys(entry)
            else:
                yield entry.relative_to(self._root).as_posix()

    def _entries(self, folder: Path) -> Iterator[Path]:
        if folder.is_dir():
            yield from (entry for entry in folder.iterdir() if not entry.name.startswith("."))


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
def _told(key: str) -> Iterator[None]:
    """Turns the system's errors into ours."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("This file was not found.") from error
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise StorageError(f"The file could not be stored or read: {reason}.") from error
