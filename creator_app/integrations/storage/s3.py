"""Files in a bucket of an S3 server, such as MinIO."""

import mimetypes
import os
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, Final, cast

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject

from creator_app.errors import NotFound, StorageError
from creator_app.integrations.storage.base import (
    ByteStream,
    Change,
    Listing,
    Names,
    StoredObject,
    checked_key,
    checked_prefix,
)
from creator_app.integrations.storage.disposition import disposition as attachment
from creator_app.integrations.storage.s3_address import s3_address
from creator_app.integrations.storage.s3_bucket import Bucket
from creator_app.integrations.storage.s3_errors import told
from creator_app.integrations.storage.s3_streams import Source, received
from creator_app.integrations.storage.signing import Signer
from creator_app.integrations.storage.watching import watch

#: A file goes up in parts of this size, one after the other; an upload takes five times as much memory.
#: Larger ones are no faster (`bench/transfer.py`). S3 takes 10 000 parts at most: 80 GB. The client can send
#: parts at once, too, but leaves its threads behind for good when a sender breaks off.
PART_BYTES: Final = 8 * 1024 * 1024
_TIMEOUT: Final = urllib3.Timeout(connect=3, read=60)
# A server that asks for an hour's patience is not obeyed: whoever waits for the file decides what then.
_RETRIES: Final = urllib3.Retry(
    total=2, backoff_factor=0.2, status_forcelist=[429, 500, 502, 503, 504], respect_retry_after_header=False
)
# What a signed address may be good for: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
_SHORTEST_S: Final = 1
_LONGEST_S: Final = 7 * 24 * 3600


class S3Storage:
    """See `creator_app.integrations.storage.Storage`. The bucket is made when the first file comes.

    Addresses for people go through Creator unless ``public=`` says where browsers reach the server: often it
    is one that only Creator reaches.

    Args:
        url: ``s3://key:secret@host:port/bucket?secure=0``; https unless ``secure=0``. Further options:
            ``region=``, ``public=http(s)://host[:port]``, ``sse=s3`` or ``sse=kms:KEYID``.
        secret: signs addresses.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._address = s3_address(url)
        self._bucket = self._address.bucket
        self._signer = Signer(secret)
        self._made: tuple[int, Minio] | None = None
        self._rules = Bucket(self._address, lambda: self._client)

    @property
    def _client(self) -> Minio:
        # Connections belong to the process that opened them: a child makes its own.
        if self._made is None or self._made[0] != os.getpid():
            pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=_RETRIES, maxsize=10)
            self._made = (os.getpid(), Minio(**self._address.client, http_client=pool))
        return self._made[1]

    @cached_property
    def _public_client(self) -> Minio | None:
        return Minio(**self._address.public_client) if self._address.public else None

    def prepare(self) -> None:
        """Makes the bucket and sets its rules."""
        with told():
            self._rules.make()
            self._rules.set_rules()

    def lacks(self) -> Names:
        """What the bucket is without."""
        return [*self._rules.lacks()]

    def put(self, key: str, stream: ByteStream, content_type: str | None = None) -> StoredObject:
        """Sends the file in parts; it appears when the last one has arrived."""
        checked_key(key)
        source = Source(stream)
        kind = content_type or _guess(key)
        try:
            with told():
                self._rules.make()
                self._send(key, source, kind)
        except Exception:
            if source.error is not None:  # what the sender of a stream raised passes as it is
                raise source.error from None
            raise
        return StoredObject(key, source.size, source.digest.hexdigest(), kind)

    def _send(self, key: str, source: Source, kind: str) -> None:
        self._client.put_object(
            self._bucket,
            key,
            cast(BinaryIO, source),
            -1,
            kind,
            sse=self._address.sse,
            part_size=PART_BYTES,
            num_parallel_uploads=1,
        )

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Asks for the bytes now and reads them piece by piece."""
        if (start, end) == (0, None):
            with told():
                return received(self._client.get_object(self._bucket, checked_key(key)))
        size = self.stat(key).size
        stop = size if end is None else min(end, size)
        if start >= stop:
            return iter(())
        with told():
            answer = self._client.get_object(self._bucket, key, offset=start, length=stop - start)
        return received(answer)

    def stat(self, key: str) -> StoredObject:
        """Size and type."""
        with told():
            found = self._client.stat_object(self._bucket, checked_key(key))
        kind = found.content_type or _guess(key)
        return StoredObject(key, found.size or 0, content_type=kind, version=_version(found.etag))

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
            with told():
                self._client.remove_object(self._bucket, key)
        except NotFound:
            return

    def delete_prefix(self, prefix: str) -> int:
        """Deletes everything below, in batches."""
        keys = [found.object_name for found in self._objects(_below(prefix), recursive=True)]
        with told():
            failed = [*self._client.remove_objects(self._bucket, (DeleteObject(key) for key in keys))]
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
        with told():
            copied = CopySource(self._bucket, source)
            self._client.copy_object(self._bucket, target, copied, sse=self._address.sse)
        if self.stat(target).size != size:
            raise StorageError("The file could not be moved whole; it is still at its old place.")
        self.delete(source)

    def list(self, prefix: str = "", cursor: str | None = None, limit: int = 1000) -> Listing:
        """Files below a folder."""
        items: Any = []
        for found in self._objects(_below(prefix), recursive=True, start_after=cursor):
            if len(items) == limit:
                return Listing(items, items[-1].key if items else None)
            items.append(_described(found))
        return Listing(items, None)

    def watch(self, prefix: str = "", *, stop: Event | None = None, every_s: float = 5.0) -> Iterator[Change]:
        """Compares lists of what is there: a server tells of nothing by itself in a way that all share."""
        below, ended = _below(prefix), stop or Event()

        def look() -> Iterator[StoredObject]:
            return (_described(found) for found in self._objects(below, recursive=True))

        return watch(look, lambda _, most_s: not ended.wait(most_s), every_s)

    def signed_url(self, key: str, expires_s: int, filename: str | None = None) -> str:
        """An address at the server, which only ever downloads, or at Creator itself."""
        name = filename or key.rsplit("/", 1)[-1]
        saved = {"content_type": "application/octet-stream", "disposition": attachment(name, inline=False)}
        direct = self.direct_url(key, expires_s, **saved)
        return direct or self._signer.url(key, expires_s, filename)

    def direct_url(self, key: str, expires_s: int, *, content_type: str, disposition: str) -> str | None:
        """An address at the server; what it answers with is part of what is signed."""
        headers = {"response-content-type": content_type, "response-content-disposition": disposition}
        return self._presigned(
            "GET", key, expires_s, headers | {"response-cache-control": "private, no-cache"}
        )

    def signed_upload_url(self, key: str, expires_s: int) -> str | None:
        """An address at the server that takes one file."""
        return self._presigned("PUT", key, expires_s, {})

    def _presigned(self, method: str, key: str, expires_s: int, headers: dict[str, str]) -> str | None:
        checked_key(key)
        if self._public_client is None:
            return None
        good_for = timedelta(seconds=min(max(expires_s, _SHORTEST_S), _LONGEST_S))
        options: Any = {"response_headers": headers} if headers else {}
        return self._public_client.get_presigned_url(method, self._bucket, key, good_for, **options)

    def verify_signature(self, key: str, expires: int, signature: str, filename: str | None = None) -> bool:
        """Whether an address is genuine and still valid."""
        return self._signer.verify(key, expires, signature, filename)

    def local_path(self, key: str) -> Path | None:
        """There is none."""
        checked_key(key)
        return None

    def _objects(self, prefix: str, **options: Any) -> Iterator[Any]:
        try:
            with told():
                yield from self._client.list_objects(self._bucket, prefix=prefix, **options)
        except NotFound:  # no bucket yet
            return


def _below(prefix: str) -> str:
    checked = checked_prefix(prefix)
    return f"{checked}/" if checked else ""


def _described(found: Any) -> StoredObject:
    key = found.object_name
    return StoredObject(key, found.size or 0, content_type=_guess(key), version=_version(found.etag))


def _version(etag: str | None) -> str:
    return (etag or "").strip('"')


def _guess(key: str) -> str:
    return mimetypes.guess_type(key)[0] or "application/octet-stream"
