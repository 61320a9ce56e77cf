"""PNG without its texts: tEXt, zTXt, iTXt and eXIf chunks (PNG 11.3.3)."""

import struct
from typing import Final

from jobs_worker.metadata.reader import Pieces, Reader

#: Keywords of PNG's own list that say who made a picture and when, not how.
_KEPT_KEYWORDS: Final = frozenset(
    {b"Title", b"Author", b"Copyright", b"Creation Time", b"Software", b"Disclaimer", b"Warning", b"Source"}
)
_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_LONGEST_KEYWORD: Final = 80


def strip_png(pieces: Pieces) -> Pieces:
    """The picture, its colours and its author, without any other text."""
    reader = Reader(pieces)
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
        elif kind in _TEXTS:
            yield from _text(reader, header, length)
        else:
            yield header
            yield from reader.copy(length + 4)
            if kind == b"IEND":  # what comes after it belongs to no picture
                reader.skip(1 << 62)
                return


def _text(reader: Reader, header: bytes, length: int) -> Pieces:
    start = reader.read(min(length, _LONGEST_KEYWORD))
    rest = length - len(start) + 4
    if start.partition(b"\x00")[0] in _KEPT_KEYWORDS:
        yield header + start
        yield from reader.copy(rest)
    else:
        reader.skip(rest)
