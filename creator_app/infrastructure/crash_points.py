"""Named places at which a process can be made to die, so that tests can prove that nothing is lost there.

Off unless `CRASH_POINTS_DIR` is set. A test arms a point by making a file of its name in that folder; the
process that gets there first removes the file, notes the hit in ``hits.log`` and ends with SIGKILL: no
cleanup, no exit handlers, as a real crash.
"""

import os
import signal
from pathlib import Path
from typing import Final

POINTS: Final = (
    "submit.before_commit",
    "submit.after_commit",
    "ticket.after_issue",
    "claim.after_commit",
    "upload.after",
    "post.before",
    "post.after",
    "output.before",
    "output.after_first",
    "settle.before_commit",
    "settle.after_commit",
    "publish.after",
)

_folder: Path | None = None


def enable(folder: Path) -> None:
    """Lets this process die at armed points; ``folder`` holds the arming files."""
    global _folder
    folder.mkdir(parents=True, exist_ok=True)
    _folder = folder


def crash_point(name: str) -> None:
    """Dies here if a test armed this point; otherwise nothing.

    Raises:
        ValueError: the name is not in `POINTS` (a spelling mistake would be a test that tests nothing).
    """
    if _folder is None:
        return
    if name not in POINTS:
        raise ValueError(f"There is no crash point {name!r}.")
    try:
        (_folder / name).unlink()
    except FileNotFoundError:
        return
    with (_folder / "hits.log").open("a") as log:
        log.write(f"{name} {os.getpid()}\n")
    os.kill(os.getpid(), signal.SIGKILL)
