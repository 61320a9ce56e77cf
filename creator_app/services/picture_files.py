"""Decoding one picture file, and rewriting it where a workflow would misread it."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import (
    AvifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    ImageOps,
    MpoImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from creator_app.errors import InvalidInput, TooLarge

# Our own limit is checked before a pixel is decoded; Pillow's would warn into the log at half of it.
Image.MAX_IMAGE_PIXELS = None

Image.preinit()
_PLUGINS: Final = (
    AvifImagePlugin,
    MpoImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)  # importing registers them
# A JPEG with further views in it (MPO) is opened through JPEG.
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_LOSSY: Final = frozenset({"JPEG", "MPO", "WEBP", "AVIF", "HEIF"})
_ORIENTATION: Final = 0x0112
_HEIC_BRANDS: Final = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_MAX_SIDE: Final = 65_535
_ACCEPTED: Final = "Send a PNG, JPEG, WebP, HEIC, TIFF, GIF or BMP picture."


@dataclass(frozen=True)
class Verified:
    """A picture that decodes completely.

    Attributes:
        path: the file that was given, or the rewritten one.
        content_type: ``image/png`` or ``image/jpeg``.
        width: in pixels, upright.
        height: in pixels, upright.
    """

    path: Path
    content_type: str
    width: int
    height: int


def verify(path: Path, spare: Path, *, max_pixels: int) -> Verified:
    """Decodes a picture completely; rewrites it to ``spare`` unless it is an upright 8-bit RGB PNG or JPEG.

    Args:
        path: what was sent.
        spare: where a rewritten picture goes.
        max_pixels: largest width times height.

    Raises:
        InvalidInput: it is no picture, or cut off.
        TooLarge: more than ``max_pixels``.
    """
    head = _head(path)
    with _opened(path, head) as picture:
        _check_size(picture, max_pixels)
        if picture.format == "PNG":
            _check_sums(path)
        _decode(picture)
        if _fine_as_it_is(picture, head):
            kind = "image/png" if picture.format == "PNG" else "image/jpeg"
            return Verified(path, kind, picture.width, picture.height)
        try:
            return _rewritten(picture, spare)
        except (OSError, ValueError, MemoryError) as error:
            raise _damaged() from error


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)


@contextmanager
def _opened(path: Path, head: bytes) -> Iterator[Image.Image]:
    formats: tuple[str, ...]
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        import pillow_heif  # slow to import, and few pictures need it

        pillow_heif.register_heif_opener()
        formats = ("HEIF",)
    else:
        formats = _FORMATS
    try:
        picture = Image.open(path, formats=formats)
    except Exception as error:
        raise _no_picture(head) from error
    with picture:
        yield picture


def _check_size(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise _damaged()
    if width * height > max_pixels or max(width, height) > _MAX_SIDE:
        raise TooLarge(
            f"This picture has {width} × {height} pixels, which is more than can be worked on here.",
            hint=f"Make it smaller: at most {max_pixels / 1e6:.0f} megapixels.",
        )


def _check_sums(path: Path) -> None:
    """Compares a PNG's checksums: decoding alone takes flipped bytes for odd colours."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            picture.verify()
    except Exception as error:
        raise _damaged() from error


_strict_lock = threading.Lock()


def _decode(picture: Image.Image) -> None:
    try:
        if (
            ImageFile.LOAD_TRUNCATED_IMAGES
        ):  # another part of this process is lenient; here half a picture is none
            with _strict_lock:
                ImageFile.LOAD_TRUNCATED_IMAGES = False
                try:
                    picture.load()
                finally:
                    ImageFile.LOAD_TRUNCATED_IMAGES = True
        else:
            picture.load()
    except Exception as error:
        raise _damaged() from error


def _fine_as_it_is(picture: Image.Image, head: bytes) -> bool:
    if picture.getexif().get(_ORIENTATION, 1) != 1 or not _is_srgb(picture):
        return False
    if picture.format in ("JPEG", "MPO"):
        return picture.mode == "RGB"
    # Pillow shows 16-bit colours as 8-bit ones; the file says what they are.
    if picture.format != "PNG" or head[24:25] != b"\x08":
        return False
    still = getattr(picture, "n_frames", 1) == 1  # an animation would become several pictures
    return still and picture.mode in ("RGB", "RGBA") and "transparency" not in picture.info


def _is_srgb(picture: Image.Image) -> bool:
    profile = picture.info.get("icc_profile")
    # sRGB says so in its description, as ASCII or as UTF-16.
    return not profile or b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile


def _rewritten(picture: Image.Image, target: Path) -> Verified:
    kind, profile = picture.format, picture.info.get("icc_profile")
    upright = ImageOps.exif_transpose(picture)
    plain = _to_srgb(_eight_bit(upright), profile)
    if kind in _LOSSY and plain.mode == "RGB":
        plain.save(target, "JPEG", quality=95, subsampling=0)
        return Verified(target, "image/jpeg", plain.width, plain.height)
    # Told not to keep anything of the old file: it may be anything.
    plain.info = {}
    plain.save(target, "PNG", compress_level=1)
    return Verified(target, "image/png", plain.width, plain.height)


def _eight_bit(picture: Image.Image) -> Image.Image:
    """The picture as RGB or RGBA; deep greys are scaled down, not clipped."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _deep_grey(picture).convert("RGB")
    if picture.mode in ("RGB", "RGBA", "CMYK") and "transparency" not in picture.info:
        return picture
    has_alpha = "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info
    return picture.convert("RGBA" if has_alpha else "RGB")


def _deep_grey(picture: Image.Image) -> Image.Image:
    levels = np.asarray(picture, dtype=np.float32)
    levels = np.nan_to_num(levels, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(levels.max(initial=0))
    # Floats go from 0 to 1 by custom, whole numbers to 65535; what exceeds that is scaled by its own top.
    full = max(1.0 if picture.mode == "F" else 65535.0, top)
    return Image.fromarray(np.clip(levels * (255.0 / full), 0, 255).round().astype(np.uint8))


def _to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in the colours that a workflow takes it to be in."""
    wanted = "RGBA" if picture.mode == "RGBA" else "RGB"
    if profile and not picture.mode.startswith("L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                picture, source, ImageCms.createProfile("sRGB"), outputMode=wanted
            )
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile that cannot be used is like none: every viewer shows such a picture as sRGB
    return picture if picture.mode == wanted else picture.convert(wanted)


_OTHERS: Final = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"Rar!", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"8BPS", "a Photoshop document"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML or SVG file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
)


def _no_picture(head: bytes) -> InvalidInput:
    start = head.lstrip()
    known = next((words for magic, words in _OTHERS if start[: len(magic)].lower() == magic.lower()), None)
    if head[4:8] == b"ftyp" and head[8:12] not in (*_HEIC_BRANDS, b"avif", b"avis"):
        known = "a video"
    if known:
        return InvalidInput(f"This is {known}, not a picture.", hint=_ACCEPTED)
    return InvalidInput("This is not a picture that can be read.", hint=_ACCEPTED)


def _damaged() -> InvalidInput:
    return InvalidInput(
        "This picture is damaged or cut off: part of it is missing.",
        hint="Perhaps it had not finished copying. Check that it opens on your device, then send it again.",
    )
