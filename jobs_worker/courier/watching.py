"""Keeps the watched folder in order, and hears of changes in it at once."""

import threading
from pathlib import Path
from typing import Final
from uuid import UUID

from watchfiles import watch

from creator_app.bootstrap import Creator
from creator_app.errors import CreatorError
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import DirectoryPlace
from creator_app.integrations.drop_folders.disk import mount_of
from creator_app.services import drop_sources, watched_folder

log = get_logger(__name__)

_EVERY_S: Final = 5.0
#: The system tells of no changes that other machines make there.
_SILENT: Final = ("nfs", "cifs", "smb", "fuse", "9p", "vboxsf", "vmhgfs", "drvfs")
_DEBOUNCE_MS: Final = 300
_POLL_MS: Final = 1000


class Watching:
    """The watched folder's part of a courier."""

    def __init__(self, creator: Creator, stop: threading.Event) -> None:
        self._creator = creator
        self._stop = stop
        self._source: UUID | None = None

    def start(self) -> None:
        """Begins, in threads of its own."""
        root = self._creator.settings.watch_root
        if root is None:
            with self._creator.uow.write() as work:
                watched_folder.retire_all(work)
            return
        threading.Thread(target=self._keep, args=(root,), name="watched-folder", daemon=True).start()
        threading.Thread(target=self._hear, args=(root,), name="watch-events", daemon=True).start()

    def _keep(self, root: Path) -> None:
        """Makes the directories at the start; afterwards only for recipes that are new."""
        place, made, said = DirectoryPlace(root), False, ""
        while not self._stop.is_set():
            try:
                place.prepare()
                place.write_text("README.txt", watched_folder.README)
                self._source = watched_folder.ensure(
                    self._creator.uow,
                    str(root),
                    place,
                    account=self._creator.settings.watch_account,
                    make=not made,
                )
                made, said = made or self._source is not None, ""
            except (CreatorError, OSError) as error:
                if str(error) != said:  # once, not every five seconds
                    log.warning("watched_folder_not_ready", folder=str(root), error=str(error))
                said = str(error)
            except Exception as error:  # noqa: BLE001  a database that is away for a moment ends nothing
                log.warning("watched_folder_not_kept", error=repr(error))
            self._stop.wait(_EVERY_S)

    def _hear(self, root: Path) -> None:
        polling = self._creator.settings.watch_polling
        force = polling == "on" or (polling == "auto" and _kind(root).startswith(_SILENT))
        while not self._stop.wait(0.5):
            if not root.is_dir():
                continue
            try:
                changes = watch(
                    root,
                    stop_event=self._stop,
                    debounce=_DEBOUNCE_MS,
                    force_polling=force,
                    poll_delay_ms=_POLL_MS,
                    raise_interrupt=False,
                )
                for _ in changes:
                    self._look_soon()
            except (OSError, RuntimeError) as error:
                log.warning("watch_events_lost", folder=str(root), error=str(error))
                self._stop.wait(5.0)

    def _look_soon(self) -> None:
        if self._source is None:
            return
        try:
            with self._creator.uow.write() as work:
                drop_sources.look_soon(work, self._source)
        except Exception as error:  # noqa: BLE001  the next look comes by itself
            log.warning("watch_not_written_down", error=repr(error))


def _kind(root: Path) -> str:
    mount = mount_of(root.resolve())
    return mount.kind if mount is not None else ""
