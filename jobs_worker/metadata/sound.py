"""FLAC without its comments (RFC 9639 8.6), MP3 without its ID3 tag (ID3v2.4 3.1)."""

from typing import Final

from jobs_worker.metadata.reader import Pieces, Reader

_COMMENTS: Final = 4
_PADDING: Final = 1
_LAST: Final = 0x80


def strip_flac(pieces: Pieces) -> Pieces:
    """The sound; a block of comments becomes empty padding of the same size."""
    reader = Reader(pieces)
    yield reader.read(4)
    while len(header := reader.read(4)) == 4:
        last, kind = header[0] & _LAST, header[0] & ~_LAST & 0xFF
        size = int.from_bytes(header[1:], "big")
        if kind == _COMMENTS:
            yield bytes([last | _PADDING]) + header[1:]
            for piece in reader.copy(size):
                yield bytes(len(piece))
        else:
            yield header
            yield from reader.copy(size)
        header = b""
        if last:
            break
    yield header
    yield from reader.rest()


def strip_mp3(pieces: Pieces) -> Pieces:
    """The sound without the tag before it."""
    reader = Reader(pieces)
    header = reader.read(10)
    if header[:3] == b"ID3" and len(header) == 10:
        footer = 10 if header[5] & 0x10 else 0
        reader.skip(
            sum(byte << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True)) + footer
        )
    else:
        yield header
    yield from reader.rest()
