"""JPEG without comments, and without the Exif and XMP segments that speak of a prompt."""

import struct
from typing import Final

from jobs_worker.metadata.reader import Pieces, Reader

_SIGNS: Final = tuple(
    sign.encode(code)
    for sign in ("workflow", "prompt", "class_type", "parameters", "Workflow", "Prompt", "Steps:")
    for code in ("ascii", "utf-16-le", "utf-16-be")
)


def strip_jpeg(pieces: Pieces) -> Pieces:
    """The picture; a harmless Exif segment stays, for it says which side is up."""
    reader = Reader(pieces)
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
