"""WEBP without its EXIF and XMP chunks (RFC 9649 2.7)."""

import struct
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from jobs_worker.metadata.reader import PIECE, Pieces

_IN_MEMORY: Final = 1 << 20
_DROPPED: Final = frozenset({b"EXIF", b"XMP "})
_EXIF_AND_XMP_FLAGS: Final = 0x08 | 0x04


def strip_webp(pieces: Pieces) -> Pieces:
    """The picture with all its frames, and sizes and flags that fit."""
    # The size of the whole stands at its beginning: it must be known before the first byte goes out.
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        for piece in pieces:
            copy.write(piece)
        end = copy.tell()
        chunks = list(_chunks(copy, end))  # type: ignore[arg-type]
        kept = [chunk for chunk in chunks if chunk[0] not in _DROPPED]
        if not chunks or len(kept) == len(chunks):
            copy.seek(0)
            yield from iter(lambda: copy.read(PIECE), b"")
            return
        yield b"RIFF" + struct.pack("<I", 4 + sum(8 + size for _, _, size in kept)) + b"WEBP"
        for name, start, size in kept:
            copy.seek(start)
            header = copy.read(8)
            if name == b"VP8X":
                body = bytearray(copy.read(size))
                body[0] &= ~_EXIF_AND_XMP_FLAGS & 0xFF
                yield header + bytes(body)
            else:
                yield header
                yield from _part(copy, size)  # type: ignore[arg-type]


def _chunks(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, where it starts, and size with its padding, of each chunk that is whole."""
    file.seek(8)
    at = 12
    while at + 8 <= end:
        file.seek(at)
        name, size = struct.unpack("<4sI", file.read(8))
        padded = min(size + size % 2, end - at - 8)
        if name == b"VP8X" and padded < 10:
            return
        yield name, at, padded
        at += 8 + padded


def _part(file: BinaryIO, size: int) -> Pieces:
    while size > 0:
        piece = file.read(min(size, PIECE))
        if not piece:
            return
        size -= len(piece)
        yield piece
