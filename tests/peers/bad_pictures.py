"""Pictures as people really send them: broken, huge, oddly named."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pillow_heif
from PIL import Image


@dataclass(frozen=True)
class Sent:
    """A file as somebody sends it: its name, and the type that their browser claims."""

    name: str
    kind: str
    data: Callable[[], bytes]


def encoded(kind: str, width: int = 320, height: int = 240, mode: str = "RGB") -> bytes:
    """A picture with soft noise in it."""
    noise = np.random.default_rng(1).integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    kept = io.BytesIO()
    picture.save(kept, kind)
    return kept.getvalue()


def grey_16_bit() -> bytes:
    """A 16-bit grey PNG: a ramp over the whole range."""
    ramp = np.linspace(0, 65535, 320 * 240, dtype=np.uint16).reshape(240, 320)
    kept = io.BytesIO()
    Image.fromarray(ramp).save(kept, "PNG")
    return kept.getvalue()


def heic() -> bytes:
    """What an iPhone sends."""
    pillow_heif.register_heif_opener()
    return encoded("HEIF")


def bomb(side: int = 50_000) -> bytes:
    """A PNG that claims to be ``side`` × ``side`` pixels, in a few kilobytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


REFUSED = {
    "words": Sent("notes.jpg", "image/jpeg", lambda: b"These are words, no picture."),
    "nothing": Sent("empty.jpg", "image/jpeg", lambda: b""),
    "half a PNG": Sent("half.png", "image/png", lambda: encoded("PNG")[:-2000]),
    "half a JPEG": Sent("half.jpg", "image/jpeg", lambda: encoded("JPEG")[:-900]),
    "a bomb": Sent("bomb.png", "image/png", bomb),
    "a drawing": Sent("page.svg", "image/svg+xml", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "100 MB": Sent("big.png", "image/png", lambda: encoded("PNG") + bytes(100_000_000)),
}
TAKEN = {
    "16-bit grey": Sent("scan.png", "image/png", grey_16_bit),
    "HEIC": Sent("IMG_0001.HEIC", "", heic),
    "wrong type": Sent("photo.png", "image/png", lambda: encoded("JPEG")),
    "CMYK": Sent("print.jpg", "image/jpeg", lambda: encoded("JPEG", mode="CMYK")),
    "a path for a name": Sent("../../etc/passwd.png", "image/png", lambda: encoded("PNG")),
    "letters of the world": Sent("Ünïcödé 图片 🌈 שלום.png", "image/png", lambda: encoded("PNG")),
    "a long name": Sent("a" * 240 + ".png", "image/png", lambda: encoded("PNG")),
}
