"""Names of files in a directory: which are never looked at, and which can be given everywhere."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

#: What we write ourselves and nobody should see.
OWN: Final = ".creator-"

_UNFINISHED: Final = (
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".download",
    ".opdownload",
    ".aria2",
    ".!sync",
    ".!ut",
    ".tmp",
    ".temp",
    ".swp",
    "~",
)
_OF_SYSTEMS: Final = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "$recycle.bin", "@eadir"}
)
#: No name that Windows or a NAS would refuse: the same folder is often seen from there.
_REFUSED: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST_BYTES: Final = 200
_TRIES: Final = 1000


def is_hidden(name: str) -> bool:
    """Whether a name says that the file is not for people, or is still being written."""
    low = name.lower()
    return low.startswith((".", "~$")) or low.endswith(_UNFINISHED) or low in _OF_SYSTEMS


def shown(name: str) -> str:
    """A name as text that can be stored anywhere, whatever bytes it has."""
    return os.fsencode(name).decode("utf-8", errors="replace")


def clean(name: str) -> str:
    """A name that every file system takes, as close to the given one as can be; never a hidden one."""
    text = unicodedata.normalize("NFC", _REFUSED.sub("-", shown(name))).strip(" .") or "file"
    if _DEVICES.fullmatch(text):
        text = f"_{text}"
    path = PurePath(text)
    suffix = path.suffix if len(path.suffix.encode()) <= 20 else ""
    stem = text[: len(text) - len(suffix)]
    if is_hidden(text):
        stem, suffix = f"_{stem}", f"{suffix}-" if suffix else "-"
    room = _LONGEST_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + suffix


def candidates(name: str) -> Iterator[str]:
    """``name.png``, ``name-2.png``, ``name-3.png``, …"""
    path = PurePath(name)
    yield name
    for number in range(2, _TRIES):
        yield f"{path.stem}-{number}{path.suffix}"


def claim_of(name: str) -> str:
    """The hidden file that keeps a name for us until the file itself has it.

    The same for names that some file systems take for one: ``A.png`` and ``a.png``.
    """
    plain = unicodedata.normalize("NFC", shown(name)).casefold()
    return f"{OWN}{hashlib.sha256(plain.encode()).hexdigest()[:24]}.claim"
