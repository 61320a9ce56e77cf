"""What Creator asks of a place for files, and the rules for keys."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final, Literal, Protocol

from creator_app.errors import StorageError

ByteStream = bytes | BinaryIO | Iterable[bytes]
# A storage has a method `list`, which hides the type's name in its class.
Names = list[str]

CHUNK_BYTES: Final = 256 * 1024
MAX_KEY_BYTES: Final = 900
_MAX_PART_BYTES: Final = 240


@dataclass(frozen=True)
class StoredObject:
    """A file that is stored.

    Attributes:
        key: its name, parts separated by "/".
        size: bytes.
        sha256: hex; empty where only the file's presence was asked for.
        content_type: as given when it was stored, or guessed from the key.
        version: another one when the content is another; not to be compared between two storages.
    """

    key: str
    size: int
    sha256: str = ""
    content_type: str = "application/octet-stream"
    version: str = ""


@dataclass(frozen=True)
class Change:
    """What happened to a file, as `Storage.watch` saw it.

    Attributes:
        kind: what happened since it was last looked at.
        item: the file; as it was last seen where it is gone.
    """

    kind: Literal["added", "changed", "removed"]
    item: StoredObject


@dataclass(frozen=True)
class Listing:
    """A page of a list.

    Attributes:
        items: in an order that is the same each time (by key, or folder by folder).
        cursor: give it to get the next page; ``None`` at the end.
    """

    items: list[StoredObject]
    cursor: str | None


class Storage(Protocol):
    """A place for files. Every method raises `StorageError`; ``retryable`` tells whether to try again."""

    def prepare(self) -> None:
        """Makes what the storage needs (folder, bucket, rules of clean-up); does no harm when repeated.

        What a server refuses, and Creator can do without, is only logged.
        """

    def lacks(self) -> Names:
        """What `prepare` could not do or has not done yet, in sentences; changes nothing."""

    def put(self, key: str, stream: ByteStream, content_type: str | None = None) -> StoredObject:
        """Stores a file whole or not at all; replaces one of the same key."""

    def open(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The file's bytes from ``start`` up to but without ``end``, in pieces.

        Raises:
            NotFound: there is no such file; raised at once, not with the first piece.
        """

    def stat(self, key: str) -> StoredObject:
        """Size and type, without the hash.

        Raises:
            NotFound: there is no such file.
        """

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""

    def delete(self, key: str) -> None:
        """Deletes a file; one that is not there is fine."""

    def delete_prefix(self, prefix: str) -> int:
        """Deletes every file below the folder ``prefix``; returns how many."""

    def list(self, prefix: str = "", cursor: str | None = None, limit: int = 1000) -> Listing:
        """Files below the folder ``prefix``, a page at a time; no file twice, none left out."""

    def folders(self, prefix: str = "") -> Names:
        """Names of the folders directly below ``prefix``, sorted.

        Some S3 servers go on listing one for a while that has become empty.
        """

    def move(self, source: str, target: str) -> None:
        """Renames a file; replaces ``target``.

        Raises:
            NotFound: there is no such file.
        """

    def watch(self, prefix: str = "", *, stop: Event | None = None, every_s: float = 5.0) -> Iterator[Change]:
        """What happens to the files below a folder from this call on, without end.

        A file that changes several times between two looks is told of once. While the storage can't be
        reached nothing is told, and afterwards everything that has become different.

        Args:
            prefix: the folder; it need not be there yet.
            stop: ends the iterator soon after it is set.
            every_s: seconds between two looks; longer where looking itself takes long, shorter where the
                system tells of changes by itself.

        Raises:
            StorageError: there are more files than can be kept in mind, or it can never be looked at.
        """

    def signed_url(self, key: str, expires_s: int, filename: str | None = None) -> str:
        """An address that gives the file to whoever has it, for ``expires_s`` seconds.

        An address without a host is relative to Creator's own.
        """

    def direct_url(self, key: str, expires_s: int, *, content_type: str, disposition: str) -> str | None:
        """An address at the storage's own server, or ``None`` where people's browsers can't reach that.

        Args:
            key: the file; that it is there is not checked.
            expires_s: how long the address is good, in seconds: from 1 to 7 days, else the nearest of these.
            content_type: what the server will say that it is, whatever was said when it was stored.
            disposition: the Content-Disposition that the server will send.
        """

    def signed_upload_url(self, key: str, expires_s: int) -> str | None:
        """An address that takes a file by PUT from whoever has it; ``None`` as for `direct_url`."""

    def verify_signature(self, key: str, expires: int, signature: str, filename: str | None = None) -> bool:
        """Whether an address of `signed_url` that points to Creator itself is genuine and still valid."""

    def local_path(self, key: str) -> Path | None:
        """The file on this machine, or ``None`` where the storage has none."""


def checked_key(key: str) -> str:
    """The key itself, if it is a good one.

    Raises:
        StorageError: it is empty, absolute, leaves the storage, or can't be a file's name.
    """
    parts = key.split("/")
    good = (
        bool(key)
        and len(key.encode()) <= MAX_KEY_BYTES
        and all(_good_part(part) for part in parts)
        and unicodedata.normalize("NFC", key) == key
    )
    if not good:
        raise StorageError("This is not a name that a file can be stored under.", retryable=False)
    return key


def checked_prefix(prefix: str) -> str:
    """A folder's key without the last "/"; "" is everything.

    Raises:
        StorageError: as for `checked_key`.
    """
    stripped = prefix.removesuffix("/")
    return checked_key(stripped) if stripped else ""


def _good_part(part: str) -> bool:
    # A leading dot is refused: that is where a storage keeps what is its own.
    return (
        bool(part)
        and not part.startswith(".")
        and part.strip() == part
        and "\\" not in part
        and part.isprintable()
        and len(part.encode(errors="replace")) <= _MAX_PART_BYTES
    )


def pieces(stream: ByteStream) -> Iterator[bytes]:
    """The stream in pieces of at most `CHUNK_BYTES` where it is read from a file."""
    if isinstance(stream, bytes | bytearray | memoryview):
        yield bytes(stream)
    elif hasattr(stream, "read"):
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
    else:
        yield from stream
