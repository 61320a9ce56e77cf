"""Files in a bucket of an S3 server, such as MinIO."""

import hashlib
import io
import mimetypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import parse_qs, unquote, urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error

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

# A stream of unknown length goes up in parts of this size, one in memory at a time; S3 wants 5 MiB or more.
_PART_BYTES: Final = 8 * 1024 * 1024
_TIMEOUT: Final = urllib3.Timeout(connect=3, read=30)
_RETRIES: Final = urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket", "ResourceNotFound"})


class S3Storage:
    """See `creator_app.integrations.storage.Storage`. The bucket is made when the first file comes.

    Addresses for people go through Creator: the server itself is often one that only Creator reaches.

    Args:
        url: ``s3://key:secret@host:port/bucket?secure=0``; https unless ``secure=0``; ``region=`` too.
        secret: signs addresses.
    """

    def __init__(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._bucket = parts.path.strip("/")
        self._signer = Signer(secret)
        self._options: dict[str, Any] = {
            "endpoint": parts.netloc.rpartition("@")[2],
            "access_key": unquote(parts.username or ""),
            "secret_key": unquote(parts.password or ""),
            "secure": query.get("secure", ["1"])[-1] not in ("0", "false", "no"),
            # Without one, the client asks the server for it before each first use of a bucket.
            "region": query.get("region", ["us-east-1"])[-1],
        }
        self._made: tuple[int, Minio] | None = None
        self._bucket_is_there = False

    @property
    def _client(self) -> Minio:
        # Connections belong to the process that opened them: a child makes its own.
        if self._made is None or self._made[0] != os.getpid():
            pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=_RETRIES, maxsize=10)
            self._made = (os.getpid(), Minio(**self._options, http_client=pool))
        return self._made[1]

    def put(self, key: str, stream: ByteStream, content_type: str | None = None) -> StoredObject:
        """Sends the file in parts; it appears when the last one has arrived."""
        checked_key(key)
        source = _Source(stream)
        kind = content_type or _guess(key)
        with _told(source):
            self._make_bucket()
            reader = cast(BinaryIO, source)
            self._client.put_object(self._bucket, key, reader, -1, kind, part_size=_PART_BYTES)
        return StoredObject(key, source.size, source.digest.hexdigest(), kind)

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Asks for the bytes now and reads them piece by piece."""
        size = self.stat(key).size
        stop = size if end is None else min(end, size)
        if start >= stop:
            return iter(())
        with _told():
            answer = self._client.get_object(self._bucket, key, offset=start, length=stop - start)
        return _read(answer)

    def stat(self, key: str) -> StoredObject:
        """Size and type."""
        with _told():
            found = self._client.stat_object(self._bucket, checked_key(key))
        return StoredObject(key, found.size or 0, content_type=found.content_type or _guess(key))

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        try:
            self.stat(key)
        except NotFound:
            return False
        return True

    def delete(self, key: str) -> None:
        """Deletes the file."""
        checked_key(key)
        try:
            with _told():
                self._client.remove_object(self._bucket, key)
        except NotFound:
            return

    def delete_prefix(self, prefix: str) -> int:
        """Deletes everything below, in batches."""
        keys = list(self._keys(prefix))
        with _told():
            failed = list(self._client.remove_objects(self._bucket, (DeleteObject(key) for key in keys)))
        if failed:
            raise StorageError(f"{len(failed)} of {len(keys)} files could not be deleted.")
        return len(keys)

    def folders(self, prefix: str = "") -> Names:
        """Names of the folders directly below one."""
        below = _below(prefix)
        found = self._objects(below, recursive=False)
        return sorted(item.object_name[len(below) : -1] for item in found if item.object_name.endswith("/"))

    def move(self, source: str, target: str) -> None:
        """Copies within the server, then deletes."""
        checked_key(target)
        size = self.stat(source).size
        if source == target:
            return
        with _told():
            self._client.copy_object(self._bucket, target, CopySource(self._bucket, source))
        if self.stat(target).size == size:
            self.delete(source)

    def signed_url(self, key: str, expires_s: int, filename: str | None = None) -> str:
        """An address at Creator itself."""
        return self._signer.url(checked_key(key), expires_s, filename)

    def verify_signature(self, key: str, expires: int, signature: str, filename: str | None = None) -> bool:
        """Whether an address is genuine and still valid."""
        return self._signer.verify(key, expires, signature, filename)

    def local_path(self, key: str) -> Path | None:
        """There is none."""
        checked_key(key)
        return None

    def list(self, prefix: str = "", cursor: str | None = None, limit: int = 1000) -> Listing:
        """Files below a folder."""
        items: Any = []
        for found in self._objects(_below(prefix), recursive=True, start_after=cursor):
            if len(items) == limit:
                return Listing(items, items[-1].key if items else None)
            key = found.object_name
            items.append(StoredObject(key, found.size or 0, content_type=_guess(key)))
        return Listing(items, None)

    def _keys(self, prefix: str) -> Iterator[str]:
        for found in self._objects(_below(prefix), recursive=True):
            yield found.object_name

    def _objects(self, prefix: str, **options: Any) -> Iterator[Any]:
        try:
            with _told():
                yield from self._client.list_objects(self._bucket, prefix=prefix, **options)
        except NotFound:  # no bucket yet
            return

    def _make_bucket(self) -> None:
        if self._bucket_is_there:
            return
        if not self._client.bucket_exists(self._bucket):
            try:
                self._client.make_bucket(self._bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise
        self._bucket_is_there = True


class _Source(io.RawIOBase):
    """A stream as the client wants to read it; counts and hashes what goes by, and keeps its error."""

    def __init__(self, stream: ByteStream) -> None:
        self._pieces = pieces(stream)
        self._rest = b""
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: Exception | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; none only at the end."""
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return b""
            except Exception as error:
                self.error = error
                raise
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        self.digest.update(taken)
        self.size += len(taken)
        return taken


def _below(prefix: str) -> str:
    checked = checked_prefix(prefix)
    return f"{checked}/" if checked else ""


def _guess(key: str) -> str:
    return mimetypes.guess_type(key)[0] or "application/octet-stream"


def _read(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        with _told():
            yield from answer.stream(CHUNK_BYTES)
    finally:
        answer.close()
        answer.release_conn()


@contextmanager
def _told(source: _Source | None = None) -> Iterator[None]:
    """Turns the client's errors into ours; what the sender of a stream raised passes as it is."""
    try:
        yield
    except S3Error as error:
        if error.code in _MISSING:
            raise NotFound("This file was not found.") from error
        raise StorageError(f"The storage refused: {error.code}.", retryable=_may_pass(error)) from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        if source is not None and source.error is not None:
            raise source.error from None
        raise StorageError("The storage does not answer.") from error


def _may_pass(error: S3Error) -> bool:
    return error.response is None or error.response.status >= 500
