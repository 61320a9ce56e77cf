"""The engine's three folders and every rule about names inside them."""

from __future__ import annotations

import posixpath
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

_KINDS = ("input", "output", "temp")
_ANNOTATION = re.compile(r"^(?P<name>.*?) ?\[(?P<kind>input|output|temp)\]$", re.DOTALL)


class OutsideError(Exception):
    """A name leads out of the folder that it belongs to."""


@dataclass(frozen=True)
class SavePlace:
    """Where the next files of a prefix go.

    Attributes:
        folder: existing folder on disk.
        stem: first part of the file names.
        counter: number of the next file.
        subfolder: the folder relative to its root, as clients see it.
    """

    folder: Path
    stem: str
    counter: int
    subfolder: str


class Folders:
    """input/, output/ and temp/ under one directory; temp/ is emptied at the start."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        shutil.rmtree(self.root / "temp", ignore_errors=True)
        for kind in _KINDS:
            (self.root / kind).mkdir(parents=True, exist_ok=True)

    def of(self, kind: str) -> Path | None:
        """The folder of "input", "output" or "temp"; None for anything else."""
        return self.root / kind if kind in _KINDS else None

    def input_files(self) -> list[str]:
        """Names of the files directly in input/, sorted."""
        return sorted(entry.name for entry in (self.root / "input").iterdir() if entry.is_file())

    def find_input(self, name: object) -> Path | None:
        """The file that a load node names, or None where there is none inside of the folders.

        "x.png", "sub/x.png" and "x.png [output]" are understood; a name that leads out is treated as missing,
        so that a workflow can neither read other files nor learn which exist.
        """
        if not isinstance(name, str) or "\0" in name:
            return None
        plain, kind = split_annotation(name, "input")
        try:
            path = inside(self.root / kind, plain)
            return path if path.is_file() else None
        except (OutsideError, OSError):
            return None

    def save_place(self, prefix: str, kind: str, width: int, height: int) -> SavePlace:
        """Next free place for files named `prefix` ("folder/stem", with %width%, %year% and the like).

        Raises:
            OutsideError: the prefix leads out of the folder.
        """
        root = self.root / kind
        filled = posixpath.normpath(_fill(prefix, width, height))
        subfolder, _, stem = filled.rpartition("/")
        if filled.startswith("/"):
            raise OutsideError("Saving image outside the output folder is not allowed.")
        try:
            folder = inside(root, subfolder)
        except OutsideError:
            raise OutsideError("Saving image outside the output folder is not allowed.") from None
        folder.mkdir(parents=True, exist_ok=True)
        return SavePlace(folder, stem, _next_counter(folder, stem), "" if folder == root else subfolder)


def split_annotation(name: str, default: str) -> tuple[str, str]:
    """Split "x.png [input]" into name and folder kind."""
    match = _ANNOTATION.match(name)
    return (match["name"], match["kind"]) if match else (name, default)


def inside(root: Path, name: str) -> Path:
    """`root`/`name`, links resolved.

    Raises:
        OutsideError: the result is not in `root`.
    """
    path = (root / name).resolve()
    if path != root and root not in path.parents:
        raise OutsideError(f"{name!r} is outside of the folder.")
    return path


def _fill(prefix: str, width: int, height: int) -> str:
    now = time.localtime()
    values = {"width": width, "height": height, "year": now.tm_year}
    two_digits = {"month": now.tm_mon, "day": now.tm_mday, "hour": now.tm_hour}
    two_digits |= {"minute": now.tm_min, "second": now.tm_sec}
    for key, value in values.items():
        prefix = prefix.replace(f"%{key}%", str(value))
    for key, value in two_digits.items():
        prefix = prefix.replace(f"%{key}%", f"{value:02d}")
    return prefix


def _next_counter(folder: Path, stem: str) -> int:
    pattern = re.compile(re.escape(stem) + r"_(\d+)_")
    numbers = (pattern.match(entry.name) for entry in folder.iterdir())
    return max((int(match[1]) for match in numbers if match), default=0) + 1
