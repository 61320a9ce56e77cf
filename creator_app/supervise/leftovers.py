"""Ends processes of a Creator that nobody watches any more.

RQ puts each work-horse into a process group of its own, and an `up` that was killed leaves everything behind:
so processes are found by the mark in their environment, not by their parent.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from creator_app.supervise.home import MARKER


def find(root: Path) -> list[psutil.Process]:
    """All processes that belong to the Creator in ``root``, this one and its ancestors excepted."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [
        process for process in psutil.process_iter() if process.pid not in mine and _belongs(process, root)
    ]


def end(root: Path, patience_s: float = 2.0) -> int:
    """Ends them: politely, then by force.

    Args:
        root: whose processes.
        patience_s: how long they may take to end by themselves, in seconds.

    Returns:
        How many there were.
    """
    found = find(root)
    for process in found:
        _signal(process.terminate)
    _, stubborn = psutil.wait_procs(found, timeout=patience_s)
    # A second look: one that was about to start a child when it was found has left that child.
    for process in {*stubborn, *find(root)}:
        _signal(process.kill)
    psutil.wait_procs(stubborn, timeout=patience_s)
    return len(found)


def _belongs(process: psutil.Process, root: Path) -> bool:
    try:
        return bool(process.environ().get(MARKER) == str(root) and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, OSError):
        return False


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.Error):  # it has just ended by itself
        send()
