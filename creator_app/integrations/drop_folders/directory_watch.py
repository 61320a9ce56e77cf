"""Hears at once that something changed in a directory. A hint: whoever misses it finds it by listing.

Folders are named one by one, because a watcher that walks by itself follows links: one to ``/`` would make it
watch the whole machine.
"""

import os
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchfiles import Change, watch

from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import disk, names

log = get_logger(__name__)

#: The system is not told of what other machines do there.
_SILENT: Final = (
    "nfs",
    "cifs",
    "smb",
    "fuse",
    "9p",
    "virtiofs",
    "vboxsf",
    "vmhgfs",
    "prl_fs",
    "drvfs",
    "afs",
)
#: The kernel gives each user a limited number of watches; what lies beyond is found by listing.
MAX_FOLDERS: Final = 2000
_DEPTH: Final = 7
_DEBOUNCE_MS: Final = 400
_CHECK_MS: Final = 1000
_REST_S: Final = 0.2
_AWAY_S: Final = 1.0
_POLL_MS: Final = 1000
_LONGEST_POLL_MS: Final = 30_000
#: Polling may take a twentieth of one processor at most.
_POLL_SHARE: Final = 20


def needs_polling(root: Path, setting: str = "auto") -> bool:
    """Whether changes in a directory must be looked for, because the system does not tell of them.

    Args:
        root: the directory, or where it is going to be.
        setting: ``on`` or ``off`` decide; ``auto`` asks what kind of disk it is.
    """
    if setting != "auto":
        return setting == "on"
    mount = disk.mount_of(root.resolve())
    return mount is not None and mount.kind.startswith(_SILENT)


class DirectoryWatch:
    """Calls somebody when something has changed in a directory.

    Args:
        root: the directory; it may come, go and come back.
        wake: called in the watching thread, at most a few times a second; must not raise.
        polling: as for `needs_polling`.
        unwatched: names of folders in which nothing is of interest.
    """

    def __init__(
        self,
        root: Path,
        wake: Callable[[], None],
        *,
        polling: str = "auto",
        unwatched: Collection[str] = (),
    ) -> None:
        self._root = root
        self._wake = wake
        self._setting = polling
        self._unwatched = frozenset(unwatched)
        self._no_more_watches = False

    def run(self, stop: threading.Event) -> None:
        """Watches until told to stop."""
        there = True
        while not stop.is_set():
            folders = self.folders()
            if not folders:
                there = False
                stop.wait(_AWAY_S)
                continue
            if not there:
                there = True
                self._wake()
            try:
                self._hear(folders, stop)
            except Exception as error:  # noqa: BLE001  the library's own error has no public name
                self._failed(error)
                stop.wait(_AWAY_S)

    def folders(self) -> list[str]:
        """The folders to watch, the upper ones first; empty while the directory is away."""
        found: list[str] = []
        level = [str(self._root)]
        for _ in range(_DEPTH):
            below: list[str] = []
            for folder in level:
                with suppress(OSError), os.scandir(folder) as entries:
                    found.append(folder)
                    below += [one.path for one in entries if self._is_of_interest(one)]
            level = sorted(below)
        return found[:MAX_FOLDERS]

    def _is_of_interest(self, entry: os.DirEntry[str]) -> bool:
        if names.is_hidden(entry.name) or entry.name in self._unwatched:
            return False
        return entry.is_dir(follow_symlinks=False)

    def _hear(self, folders: list[str], stop: threading.Event) -> None:
        """Watches these folders until they are not the right ones any more."""
        polling = self._no_more_watches or needs_polling(self._root, self._setting)
        root = self._identity()
        checked = False
        for changes in watch(
            *folders,
            watch_filter=self._is_news,
            debounce=_DEBOUNCE_MS,
            stop_event=stop,
            rust_timeout=_CHECK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=polling,
            poll_delay_ms=self._poll_ms(folders) if polling else _POLL_MS,
            recursive=False,
            ignore_permission_denied=True,
        ):
            if changes:
                self._wake()
                stop.wait(_REST_S)
            # A folder that was made while the watch began is found by a second look.
            if (changes or not checked) and self.folders() != folders:
                self._wake()
                return
            checked = True
            if self._identity() != root:
                self._wake()
                return

    def _is_news(self, _change: Change, path: str) -> bool:
        name = path.rpartition("/")[2]
        return not names.is_hidden(name) and name not in self._unwatched

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._root.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _poll_ms(self, folders: list[str]) -> int:
        """How long to rest between two rounds: the longer one takes, the longer the rest."""
        begin = time.monotonic()
        for folder in folders:
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(OSError):
                        entry.stat(follow_symlinks=False)
        round_ms = (time.monotonic() - begin) * 1000
        return int(min(_LONGEST_POLL_MS, max(_POLL_MS, round_ms * _POLL_SHARE)))

    def _failed(self, error: Exception) -> None:
        log.warning("watch_failed", folder=str(self._root), error=str(error))
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError | PermissionError):
            self._no_more_watches = True
            log.warning("watch_polls", folder=str(self._root), hint="Raise fs.inotify.max_user_watches.")
