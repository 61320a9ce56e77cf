"""Takes out what ComfyUI writes about itself into results: the whole prompt, with everything in it.

Files pass piece by piece and their pixels are never touched: only the parts that hold the metadata are left
out. What is not built as its format says passes as it is.

PNG: tEXt, zTXt, iTXt and eXIf chunks (PNG 11.3.3). WEBP: EXIF and XMP chunks (RFC 9649 2.7). JPEG: comments,
and APP1 segments that speak of a prompt.
"""

import struct
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

Pieces = Iterator[bytes]

_PIECE: Final = 256 * 1024
_IN_MEMORY: Final = 1 << 20
#: Keywords of PNG's own list that say who made a picture and when, not how.
_KEPT_KEYWORDS: Final = frozenset(
    {b"Title", b"Author", b"Copyright", b"Creation Time", b"Software", b"Disclaimer", b"Warning", b"Source"}
)
_PNG_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_LONGEST_KEYWORD: Final = 80
_SIGNS: Final = tuple(
    sign.encode(code)
    for sign in ("workflow", "prompt", "class_type", "parameters", "Workflow", "Prompt", "Steps:")
    for code in ("ascii", "utf-16-le", "utf-16-be")
)
_WEBP_DROPPED: Final = frozenset({b"EXIF", b"XMP "})
_EXIF_AND_XMP_FLAGS: Final = 0x08 | 0x04


def without_prompt(kind: str, pieces: Pieces) -> Pieces:
    """The same file without the prompt in it.

    Args:
        kind: its content type, by its content.
        pieces: the file.
    """
    strip = _STRIPPERS.get(kind)
    return strip(pieces) if strip is not None else pieces


class _Reader:
    """Reads exact amounts from pieces of any size; never holds more than a piece beyond what is asked for."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._piece = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """``size`` bytes, or fewer at the end."""
        taken = [self._take(size)]
        missing = size - len(taken[0])
        while missing > 0 and (piece := next(self._pieces, None)) is not None:
            self._piece, self._at = piece, 0
            taken.append(self._take(missing))
            missing -= len(taken[-1])
        return b"".join(taken)

    def _take(self, size: int) -> bytes:
        taken = self._piece[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def copy(self, size: int) -> Pieces:
        """``size`` bytes in small pieces."""
        while size > 0:
            piece = self.read(min(size, _PIECE))
            if not piece:
                return
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> None:
        for _ in self.copy(size):
            pass

    def rest(self) -> Pieces:
        yield self._piece[self._at :]
        yield from self._pieces


def _png(pieces: Pieces) -> Pieces:
    reader = _Reader(pieces)
    yield reader.read(8)
    while True:
        header = reader.read(8)
        if len(header) < 8 or not header[4:].isalpha():
            yield header
            yield from reader.rest()
            return
        length, kind = struct.unpack(">I4s", header)
        if kind == b"eXIf":
            reader.skip(length + 4)
        elif kind in _PNG_TEXTS:
            yield from _png_text(reader, header, length)
        else:
            yield header
            yield from reader.copy(length + 4)
            if kind == b"IEND":  # what comes after it belongs to no picture
                reader.skip(1 << 62)
                return


def _png_text(reader: _Reader, header: bytes, length: int) -> Pieces:
    start = reader.read(min(length, _LONGEST_KEYWORD))
    rest = length - len(start) + 4
    if start.partition(b"\x00")[0] in _KEPT_KEYWORDS:
        yield header + start
        yield from reader.copy(rest)
    else:
        reader.skip(rest)


def _jpeg(pieces: Pieces) -> Pieces:
    reader = _Reader(pieces)
    yield reader.read(2)
    while True:
        marker = reader.read(2)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (0xDA, 0xD9, 0xFF, 0x01):
            break  # the picture itself begins, or nothing that is understood
        size = reader.read(2)
        if len(size) < 2 or size < b"\x00\x02":
            marker += size
            break
        body = reader.read(struct.unpack(">H", size)[0] - 2)
        comment, app1 = marker[1] == 0xFE, marker[1] == 0xE1
        if not comment and not (app1 and any(sign in body for sign in _SIGNS)):
            yield marker + size + body
    yield marker
    yield from reader.rest()


def _webp(pieces: Pieces) -> Pieces:
    # The size of the whole stands at its beginning: it must be known before the first byte goes out.
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        for piece in pieces:
            copy.write(piece)
        end = copy.tell()
        chunks = list(_webp_chunks(copy, end))  # type: ignore[arg-type]
        kept = [chunk for chunk in chunks if chunk[0] not in _WEBP_DROPPED]
        if not chunks or len(kept) == len(chunks):
            copy.seek(0)
            yield from iter(lambda: copy.read(_PIECE), b"")
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


def _webp_chunks(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
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
        piece = file.read(min(size, _PIECE))
        if not piece:
            return
        size -= len(piece)
        yield piece


_STRIPPERS: Final[dict[str, Callable[[Pieces], Pieces]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
}
