"""The folder that holds all state of one Creator: who may write what where."""

import fcntl
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from creator_app.config.secret_files import made_once

#: Every process of a Creator carries its home under this name, so that none of them can be lost sight of.
MARKER: Final = "CREATOR_STACK"
SETUP_CODE: Final = "setup_code"


@dataclass(frozen=True)
class Running:
    """How other programs of this machine reach a Creator that runs.

    Attributes:
        pid: the process id of `up`.
        url: where its pages are.
        environment: settings that `up` gives to its parts (addresses and passwords of embedded ones).
        ready: whether all parts have answered.
        parts: the names of its processes.
    """

    pid: int
    url: str
    environment: dict[str, str]
    ready: bool
    parts: list[str]


class Home:
    """The folders and small files under ``CREATOR_HOME`` that belong to running, not to what is stored."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.run = self.root / "run"
        self.log = self.root / "log"
        self._lock: IO[str] | None = None

    def prepare(self) -> None:
        """Makes the folders; only this user may look into them.

        Raises:
            OSError: the folder can't be written.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.run, self.log, self.root / "secrets"):
            folder.mkdir(exist_ok=True, mode=0o700)

    def pid_file(self, name: str) -> Path:
        """Where the process id of a part stands."""
        return self.run / f"{name}.pid"

    def log_file(self, name: str) -> Path:
        """Where a part writes to."""
        return self.log / f"{name}.log"

    def fresh_log(self, name: str) -> None:
        """Puts what a part wrote in the last run aside, so that its last words are of this one."""
        with suppress(FileNotFoundError):
            self.log_file(name).replace(self.log / f"{name}.last-run.log")

    def pid(self, name: str) -> int | None:
        """The process id that a part had when it was last started, if it was."""
        try:
            return int(self.pid_file(name).read_text())
        except (OSError, ValueError):
            return None

    def tail(self, name: str, lines: int = 15) -> str:
        """The last lines that a part wrote."""
        try:
            text = self.log_file(name).read_text(errors="replace")
        except OSError:
            return "(it has written nothing)"
        return "\n".join(text.splitlines()[-lines:]) or "(it has written nothing)"

    def setup_code(self) -> str | None:
        """What the first account needs when it is made from another machine; none once there is one."""
        try:
            return (self.root / "secrets" / SETUP_CODE).read_text().strip()
        except OSError:
            return None

    def secret(self, name: str) -> str:
        """A random word that is made once and that only this user can read."""
        return made_once(self.root / "secrets" / name, lambda: secrets.token_urlsafe(15))

    def lock(self) -> bool:
        """Claims this home for this process; it is free again when the process ends, however it ends.

        Returns:
            False where another `up` has it.
        """
        file = (self.run / "up.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._lock = file
        return True

    def locked(self) -> bool:
        """Whether some `up` has this home now."""
        if not (self.run / "up.lock").exists():
            return False
        with (self.run / "up.lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def announce(self, running: Running) -> None:
        """Writes down how the Creator that runs here is reached."""
        write_private(self.run / "stack.json", json.dumps(asdict(running)))

    def running(self) -> Running | None:
        """The Creator that runs here, if one does."""
        if not self.locked():
            return None
        try:
            return Running(**json.loads((self.run / "stack.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def forget(self) -> None:
        """Takes away what describes a Creator that runs: none does any more."""
        for path in (self.run / "stack.json", *self.run.glob("*.pid")):
            path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Writes a file in one step that only this user can read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
