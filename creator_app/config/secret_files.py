"""Secrets that are made once and then stay: files that only this user can read."""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from creator_app.config.errors import SettingsError


def made_once(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """The file's content; the first caller, of all processes, makes it.

    Raises:
        SettingsError: the folder can't be written, or the file is empty.
    """
    try:
        if not path.exists():
            _make(path, make())
        text = path.read_text().strip()
    except OSError as error:
        reason = error.strerror or "the disk refused"
        raise SettingsError([f"CREATOR_HOME: {path} can't be made or read ({reason})."]) from error
    if not text:
        raise SettingsError([f"CREATOR_HOME: {path} is empty; restore it from a backup."])
    return text


def _make(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link fails where the file exists by now: whoever was first has made the one that counts.
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
