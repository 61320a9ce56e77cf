"""What nodes that read a file share."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, ClassVar

from ..folders import Folders
from .base import Node


class FileNode(Node):
    """A node whose first input names a file of the engine's folders.

    The file is looked up when the prompt is checked, and its content counts for the cache.
    """

    SELF_CHECKED = ("image",)
    WHAT: ClassVar[str] = "image"

    @classmethod
    def problem(cls, folders: Folders, values: dict[str, Any]) -> str | None:
        name = values.get(cls.SELF_CHECKED[0])
        return None if folders.find_input(name) else f"Invalid {cls.WHAT} file: {name}"

    @classmethod
    def fingerprint(cls, folders: Folders, values: dict[str, Any]) -> Any:
        path = folders.find_input(values.get(cls.SELF_CHECKED[0]))
        if path is None:
            return None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def existing(folders: Folders, name: str) -> Path:
    """The file.

    Raises:
        FileNotFoundError: it is gone since the prompt was checked, or leads out of the folders.
    """
    path = folders.find_input(name)
    if path is None:
        raise FileNotFoundError(f"No such file: {name}")
    return path
