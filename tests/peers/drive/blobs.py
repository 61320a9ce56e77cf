"""Contents of files, on disk or generated: never whole in memory."""

import hashlib
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PIECE = 256 * 1024


@dataclass(frozen=True)
class Sums:
    """Hex digests of a content."""

    md5: str
    sha1: str
    sha256: str


class Content(Protocol):
    size: int
    sums: Sums

    def read(self, start: int, length: int) -> bytes: ...


def pieces(content: Content, start: int, stop: int) -> Iterator[bytes]:
    """The bytes from ``start`` up to ``stop``, in pieces."""
    while start < stop:
        data = content.read(start, min(PIECE, stop - start))
        start += len(data)
        yield data


class Summing:
    """All digests of what passes by."""

    def __init__(self) -> None:
        self._hashes = (hashlib.md5(), hashlib.sha1(), hashlib.sha256())

    def update(self, data: bytes) -> None:
        for one in self._hashes:
            one.update(data)

    def sums(self) -> Sums:
        return Sums(*(one.hexdigest() for one in self._hashes))


@dataclass(frozen=True)
class Stored:
    """A content in a file of its own."""

    path: Path
    size: int
    sums: Sums

    def read(self, start: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(length)


class Generated:
    """A big content that is worked out instead of kept: numbered blocks of noise that follow from a seed."""

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self._block = random.Random(seed).randbytes(PIECE - 8)
        summing = Summing()
        for data in pieces(self, 0, size):
            summing.update(data)
        self.sums = summing.sums()

    def read(self, start: int, length: int) -> bytes:
        number, skip = divmod(start, PIECE)
        block = number.to_bytes(8, "big") + self._block
        return block[skip : skip + min(length, self.size - start)]


class Writer:
    """A content that arrives piece by piece, hashed on its way to the disk."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, 0
        self._file = path.open("wb")
        self._summing = Summing()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._summing.update(data)
        self.size += len(data)

    def finish(self) -> Stored:
        self._file.close()
        return Stored(self.path, self.size, self._summing.sums())

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


class Blobs:
    """The folder of contents; gone with the server."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="drive-peer-")
        self._count = 0

    def writer(self) -> Writer:
        self._count += 1
        return Writer(Path(self._folder.name) / f"{self._count:08d}")

    def keep(self, data: bytes) -> Stored:
        writer = self.writer()
        writer.write(data)
        return writer.finish()

    def close(self) -> None:
        self._folder.cleanup()
