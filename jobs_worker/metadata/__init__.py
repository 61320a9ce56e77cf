"""Takes out what ComfyUI writes about itself into results: the whole prompt, with everything in it.

Files pass piece by piece, and neither a pixel nor a tone is touched: only the parts that hold the metadata
are left out or emptied. What is not built as its format says passes as it is. A module for each format;
Ogg and files of weights or meshes are not looked into.
"""

from collections.abc import Callable
from typing import Final

from jobs_worker.metadata.jpeg import strip_jpeg
from jobs_worker.metadata.mp4 import strip_mp4
from jobs_worker.metadata.png import strip_png
from jobs_worker.metadata.reader import Pieces
from jobs_worker.metadata.sound import strip_flac, strip_mp3
from jobs_worker.metadata.webm import strip_webm
from jobs_worker.metadata.webp import strip_webp

__all__ = ["without_prompt"]

_STRIPPERS: Final[dict[str, Callable[[Pieces], Pieces]]] = {
    "image/png": strip_png,
    "image/jpeg": strip_jpeg,
    "image/webp": strip_webp,
    "video/mp4": strip_mp4,
    "video/quicktime": strip_mp4,
    "audio/mp4": strip_mp4,
    "video/webm": strip_webm,
    "video/x-matroska": strip_webm,
    "audio/flac": strip_flac,
    "audio/mpeg": strip_mp3,
}


def without_prompt(kind: str, pieces: Pieces) -> Pieces:
    """The same file without the prompt in it.

    Args:
        kind: its content type, by its content.
        pieces: the file.
    """
    strip = _STRIPPERS.get(kind)
    return strip(pieces) if strip is not None else pieces
