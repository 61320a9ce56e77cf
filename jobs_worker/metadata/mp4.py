"""MP4 and QuickTime without what their makers wrote into them (ISO 14496-12 8.10, 8.11).

Nothing may change its place: tables in the file count bytes from its beginning. So the boxes that hold texts
become empty boxes of the same size.
"""

import struct
from typing import Final

from jobs_worker.metadata.reader import Pieces, Reader

_EMPTIED: Final = frozenset({b"udta", b"meta", b"uuid"})
_OPENED: Final = frozenset({b"moov", b"trak"})
#: Tables of hours of video are smaller; what is larger passes as it is.
_LARGEST_MOOV: Final = 64 * 2**20


def strip_mp4(pieces: Pieces) -> Pieces:
    """The film, without titles, comments and keys."""
    reader = Reader(pieces)
    while len(header := reader.read(8)) == 8:
        size, kind = struct.unpack(">I4s", header)
        if size == 1:  # the real size follows
            header += reader.read(8)
            size = int.from_bytes(header[8:], "big")
        if size == 0 or size < len(header):  # up to the end, or nonsense
            break
        body = size - len(header)
        if kind in _OPENED and body <= _LARGEST_MOOV:
            yield header + _emptied(reader.read(body))
        elif kind in _EMPTIED:
            yield header[:4] + b"free" + header[8:]
            for piece in reader.copy(body):
                yield bytes(len(piece))
        else:
            yield header
            yield from reader.copy(body)
        header = b""
    yield header
    yield from reader.rest()


def _emptied(boxes: bytes) -> bytes:
    changed = bytearray(boxes)
    at = 0
    while at + 8 <= len(changed):
        size, kind = struct.unpack(">I4s", changed[at : at + 8])
        if size < 8 or at + size > len(changed):
            break
        if kind in _EMPTIED:
            changed[at + 4 : at + size] = b"free" + bytes(size - 8)
        elif kind in _OPENED:
            changed[at + 8 : at + size] = _emptied(bytes(changed[at + 8 : at + size]))
        at += size
    return bytes(changed)
