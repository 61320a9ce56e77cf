"""Takes in uploaded files: names, folders, and what happens when a name is taken."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

from .folders import Folders, OutsideError, inside


def store(folders: Folders, stream: IO[bytes], name: str, kind: str, subfolder: str, overwrite: bool) -> str:
    """Write the upload and return the name it got.

    The same name with the same content keeps its name; with other content it becomes "name (1)", unless
    `overwrite` is set.

    Raises:
        OutsideError: the name or subfolder leads out of the folder.
        OSError: the name cannot be a file name here.
        ValueError: unknown kind of folder.
    """
    root = folders.of(kind)
    if root is None:
        raise ValueError(f"unknown folder {kind!r}")
    folder = inside(root, subfolder)
    target = inside(root, str(Path(subfolder) / name))
    if target in (root, folder) or name in (".", ".."):
        raise OutsideError(f"{name!r} is no file name.")
    folder.mkdir(parents=True, exist_ok=True)
    temporary = _copy_to(stream, target.parent)
    try:
        if not overwrite:
            target = _free_name(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return os.path.relpath(target, folder)


def _copy_to(stream: IO[bytes], folder: Path) -> Path:
    handle, path = tempfile.mkstemp(prefix=".upload-", dir=folder)
    with os.fdopen(handle, "wb") as file:
        shutil.copyfileobj(stream, file, 1024 * 1024)
    return Path(path)


def _free_name(target: Path, content: Path) -> Path:
    for number in itertools.count(1):
        if not target.exists() or (target.is_file() and _digest(target) == _digest(content)):
            return target
        stem = target.stem.removesuffix(f" ({number - 1})") if number > 1 else target.stem
        target = target.with_name(f"{stem} ({number}){target.suffix}")
    raise AssertionError("counting never ends")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
