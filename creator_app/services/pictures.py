"""The door for pictures: nothing goes on to a workflow that was not decoded to its last pixel here.

ComfyUI takes half a PNG without an error and clips 16-bit greys to white, so every picture is verified and,
where it must be, rewritten as an upright 8-bit RGB or RGBA file. What is fine already is kept byte for byte.
"""

import hashlib
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from creator_app.errors import CreatorError, InvalidInput, TooLarge
from creator_app.services.picture_files import Verified, verify

_CHUNK_BYTES: Final = 256 * 1024
_MAX_NAME_BYTES: Final = 160
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]+')
# Turn the reading direction, so that "gpj.exe" reads as "exe.jpg".
_DIRECTION_MARKS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PICTURE_ENDINGS: Final = re.compile(
    r"\.(a?png|jpe?g?|jpe|jfif|webp|gif|bmp|tiff?|hei[cf]|avif|mpo)", re.IGNORECASE
)
_ENDINGS: Final = {"image/png": (".png",), "image/jpeg": (".jpg", ".jpeg")}


@dataclass(frozen=True)
class TakenPicture:
    """A verified picture in a temporary file, which is gone when the ``with`` block of `take_in` ends.

    Attributes:
        path: the file.
        filename: a name that is safe on every system; other alphabets are kept.
        content_type: ``image/png`` or ``image/jpeg``, by the content.
        width: in pixels, as the picture is looked at.
        height: in pixels.
        size_bytes: of the file.
        sha256: of the file, hex.
    """

    path: Path
    filename: str
    content_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


@contextmanager
def take_in(
    stream: BinaryIO, filename: str, *, max_bytes: int, max_pixels: int, field: str = "image"
) -> Iterator[TakenPicture]:
    """Takes a picture in: streams it to a temporary file, verifies it, normalises it where needed.

    Args:
        stream: the file's bytes, from where it stands; read in pieces, never whole.
        filename: what the sender calls it; paths in it are dropped.
        max_bytes: a file of this size is refused.
        max_pixels: largest width times height.
        field: the input's name, for the error's ``fields``.

    Raises:
        InvalidInput: it is no picture, is cut off, or is empty; with a hint and ``fields``.
        TooLarge: too many bytes or pixels.
    """
    name = safe_filename(filename)
    with tempfile.TemporaryDirectory(prefix="creator-picture-") as folder:
        path = Path(folder) / "as-sent"
        try:
            digest = _receive(stream, path, max_bytes)
            verified = verify(path, Path(folder) / "normalised", max_pixels=max_pixels)
        except CreatorError as error:
            raise about_file(error, name, field) from error.__cause__
        yield _taken(path, name, digest, verified)


def too_big(max_bytes: int) -> TooLarge:
    """The error for a file of ``max_bytes`` or more, wherever that is noticed."""
    return TooLarge(
        f"This file is too big: pictures must be smaller than {max_bytes / 1e6:.0f} MB.",
        hint="Save it as a JPEG, or make it smaller, and send it again.",
    )


def about_file(error: CreatorError, name: str, field: str) -> CreatorError:
    """``error``, saying which file and which input it is about."""
    error.message = f"{name}: {error.message[:1].lower()}{error.message[1:]}"
    error.fields = {field: error.message}
    return error


def safe_filename(filename: str) -> str:
    """A name without folders and without characters that some system refuses; never empty.

    ``../../etc/пароль.png`` becomes ``пароль.png``.
    """
    name = unicodedata.normalize("NFC", filename.encode("utf-8", "ignore").decode())
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(letter for letter in name if unicodedata.category(letter) not in ("Cc", "Zl", "Zp"))
    name = _FORBIDDEN.sub("_", _DIRECTION_MARKS.sub("", name)).strip(" .")
    stem, ending = _split(name)
    ending = ending if len(ending.encode()) <= 12 else ""
    while len(stem.encode()) > _MAX_NAME_BYTES:
        stem = stem[:-1]
    return (stem.strip(" .") or "picture") + ending


def _split(name: str) -> tuple[str, str]:
    path = PurePosixPath(name)
    return path.stem, path.suffix


def _receive(stream: BinaryIO, path: Path, max_bytes: int) -> str:
    """Writes the stream to ``path``; returns its sha256."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        while chunk := stream.read(_CHUNK_BYTES):
            size += len(chunk)
            if size >= max_bytes:
                raise too_big(max_bytes)
            digest.update(chunk)
            file.write(chunk)
    if size == 0:
        raise InvalidInput(
            "This file is empty: it has 0 bytes.",
            hint="It may not have finished copying. Check that it opens on your device, then send it again.",
        )
    return digest.hexdigest()


def _taken(sent: Path, name: str, digest: str, verified: Verified) -> TakenPicture:
    if verified.path != sent:
        sent.unlink()
        with verified.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return TakenPicture(
        path=verified.path,
        filename=_with_ending(name, verified.content_type),
        content_type=verified.content_type,
        width=verified.width,
        height=verified.height,
        size_bytes=verified.path.stat().st_size,
        sha256=digest,
    )


def _with_ending(name: str, content_type: str) -> str:
    """The name with an ending that tells the truth: a program trusts it more than the content."""
    endings = _ENDINGS[content_type]
    stem, ending = _split(name)
    if ending.lower() in endings:
        return name
    return (stem if _PICTURE_ENDINGS.fullmatch(ending) else name) + endings[0]
