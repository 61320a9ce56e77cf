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

#: On the way of a dropped file, and of its result back.
FOLDER_POINTS: Final = (
    "look.before_commit",
    "look.before_token",
    "take.after_fetch",
    "take.after_submit",
    "deliver.after_reserve",
    "deliver.after_put",
)

#: On the way to a connected Drive, and away from it.
DRIVE_POINTS: Final = (
    "drive.after_exchange",
    "drive.after_refresh",
    "drive.after_revoke",
    "drive.after_reserve",
    "drive.after_folder",
)

_armed_in: list[Path] = []


def enable(folder: Path) -> None:
    """Lets this process die at armed points; ``folder`` holds the arming files."""
    folder.mkdir(parents=True, exist_ok=True)
    _armed_in[:] = [folder]


def crash_point(name: str) -> None:
    """Dies here if a test armed this point; otherwise nothing.

    Raises:
        ValueError: the name is in no list above (a spelling mistake would be a test that tests nothing).
    """
    if not _armed_in:
        return
    if name not in (*POINTS, *FOLDER_POINTS, *DRIVE_POINTS):
        raise ValueError(f"There is no crash point {name!r}.")
    folder = _armed_in[0]
    try:
        (folder / name).unlink()
    except FileNotFoundError:
        return
    with (folder / "hits.log").open("a") as log:
        log.write(f"{name} {os.getpid()}\n")
    os.kill(os.getpid(), signal.SIGKILL)
