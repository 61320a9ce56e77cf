"""Waiting for something to happen in a folder of this machine."""

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Final

_SETTLE_MS: Final = 100
_STEP_MS: Final = 50
# How long one call into the library waits; a stop is noticed after this at the latest.
_TURN_MS: Final = 500


class FolderEvents:
    """Tells soon that something happened below a folder, where the system tells; else when the time is up.

    Args:
        folder: which need not be there yet, and may go and come back.
        stop: ends all waiting.
    """

    def __init__(self, folder: Path, stop: Event) -> None:
        self._folder = folder
        self._stop = stop
        self._told: Iterator[object] | None = None
        self._watched: tuple[int, int] | None = None

    def wait(self, least_s: float, most_s: float) -> bool:
        """Waits so long that something may have happened; returns whether to go on."""
        until = time.monotonic() + most_s
        if self._stop.wait(least_s):
            return False
        while (left := until - time.monotonic()) > 0:
            told = self._events()
            if told is None:
                return not self._stop.wait(left)
            try:
                if next(told, None):
                    break
            except OSError:  # the system can't watch any more folders, or not this one
                self._told = None
            if self._stop.is_set():
                return False
        return True

    def _events(self) -> Iterator[object] | None:
        """What the system tells of the folder that is there now."""
        try:
            found = self._folder.stat()
        except OSError:
            self._told = self._watched = None
            return None
        if self._watched != (found.st_dev, found.st_ino):
            self._watched = (found.st_dev, found.st_ino)
            self._told = self._open()
        return self._told

    def _open(self) -> Iterator[object]:
        # Loaded here: only who watches pays for it.
        from watchfiles import watch

        return watch(
            self._folder,
            watch_filter=None,
            debounce=_SETTLE_MS,
            step=_STEP_MS,
            stop_event=self._stop,
            rust_timeout=_TURN_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
