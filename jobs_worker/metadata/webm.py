"""WEBM and Matroska without their tags (RFC 9559 5.1.8, Void: RFC 8794 11.3.2).

Cues and seek heads count bytes from the segment's beginning, so what holds texts becomes an empty element of
the same size.
"""

from typing import Final

from jobs_worker.metadata.reader import Pieces, Reader

_OPENED: Final = frozenset({0x18538067, 0x1549A966})  # Segment, Info
_CLUSTER: Final = 0x1F43B675
#: Tags, Attachments, and of what is opened the title and a checksum that would be wrong.
_EMPTIED: Final = frozenset({0x1254C367, 0x1941A469, 0x7BA9, 0xBF})
_VOID: Final = b"\xec"
_LONGEST_HEADER: Final = 9


def strip_webm(pieces: Pieces) -> Pieces:
    """The film, without tags, title and attached files."""
    reader = Reader(pieces)
    while True:
        raw_id, element = _number(reader, keep_marker=True)
        raw_size, size = _number(reader)
        header = raw_id + raw_size
        if element is None or size is None:  # the end, or no element
            yield header
            yield from reader.rest()
            return
        unknown = size == (1 << (7 * len(raw_size))) - 1
        if element in _OPENED or (unknown and element == _CLUSTER):
            yield header  # go on with what is in it
        elif element in _EMPTIED and not unknown:
            yield _void(len(header) + size)
            for piece in reader.copy(max(0, len(header) + size - _LONGEST_HEADER)):
                yield bytes(len(piece))
            reader.skip(size - max(0, len(header) + size - _LONGEST_HEADER))
        else:
            yield header
            yield from reader.rest() if unknown else reader.copy(size)


def _void(total: int) -> bytes:
    """The beginning of an empty element of ``total`` bytes; all of it where that is short."""
    if total < _LONGEST_HEADER:
        return _VOID + bytes([0x80 | total - 2]) + bytes(total - 2)
    return _VOID + (0x01 << 56 | total - _LONGEST_HEADER).to_bytes(8, "big")


def _number(reader: Reader, *, keep_marker: bool = False) -> tuple[bytes, int | None]:
    """A number of variable length: its bytes, and its value unless the file ends or it is none."""
    first = reader.read(1)
    if not first or not first[0]:
        return first, None
    length = 9 - first[0].bit_length()
    raw = first + reader.read(length - 1)
    if len(raw) < length:
        return raw, None
    value = int.from_bytes(raw, "big")
    return raw, value if keep_marker else value & ((1 << (7 * length)) - 1)
