"""What a file is, by its first bytes: names and servers may say anything.

The signatures are those of the formats' own specifications (PNG 5.2, JFIF, RIFF, ISO 14496-12, EBML, …).
"""

from pathlib import PurePosixPath
from typing import Final

OCTETS: Final = "application/octet-stream"
#: How many of a file's first bytes are enough.
HEAD_BYTES: Final = 4096

_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x76\x2f\x31\x01", "image/x-exr"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"glTF", "model/gltf-binary"),
    (b"PK\x03\x04", "application/zip"),
    (b"%PDF-", "application/pdf"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_ISO_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"mif1": "image/heic",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
_ENDINGS: Final = {
    "image/png": (".png", ".apng"),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/avif": (".avif",),
    "image/heic": (".heic", ".heif"),
    "image/bmp": (".bmp",),
    "image/tiff": (".tif", ".tiff"),
    "image/x-exr": (".exr",),
    "audio/ogg": (".ogg", ".opus", ".oga"),
    "audio/flac": (".flac",),
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "audio/mp4": (".m4a",),
    "video/mp4": (".mp4", ".m4v"),
    "video/quicktime": (".mov",),
    "video/webm": (".webm",),
    "video/x-matroska": (".mkv",),
    "video/x-msvideo": (".avi",),
    "model/gltf-binary": (".glb", ".vrm"),
    "application/pdf": (".pdf",),
}
_BY_ENDING: Final = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings}
_TEXTS: Final = {".txt": "text/plain", ".json": "application/json", ".csv": "text/csv", ".srt": "text/plain"}
#: What a double click would run on the computer of whoever downloaded it.
_RUN: Final = (
    ".html .htm .xhtml .xht .shtml .mht .mhtml .svgz .js .mjs .jse .vbs .vbe .wsf .hta .exe .com .bat .cmd"
    " .ps1 .scr .pif .msi .lnk .url .desktop .jar .sh .app .command .reg .chm .py"
)


def content_type(head: bytes, name: str = "") -> str:
    """The type of a file, for a Content-Type.

    Args:
        head: its first `HEAD_BYTES` bytes, or all of it.
        name: what the server called it; it counts only for harmless texts, which have no signature.
    """
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], OCTETS)
    if head[4:8] == b"ftyp":
        return _ISO_BRANDS.get(head[8:12], "video/mp4")
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00":
        return "image/bmp"
    if len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] & 0xF0 != 0xF0:
        return "audio/mpeg"
    return _TEXTS.get(_ending(name), OCTETS) if _is_text(head) else OCTETS


def safe_ending(kind: str, name: str) -> str:
    """The ending that a file of this type goes by: the server's own where it fits what the file is."""
    ending = _ending(name)
    fitting = _ENDINGS.get(kind)
    if fitting is not None:
        return ending if ending in fitting else fitting[0]
    if ending in _BY_ENDING:
        return ".bin"  # it says that it is a picture, and is none
    if ending and ending in _RUN.split():
        return f"{ending}.txt"
    return ending if ending[1:].isalnum() and len(ending) <= 12 else ""


def _ending(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return ending if ending.isascii() else ""


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a letter may be cut in two at the end
    return True
