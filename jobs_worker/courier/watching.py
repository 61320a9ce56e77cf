"""Keeps the watched folder in order, and hears of changes in it at once."""

import threading
from pathlib import Path
from typing import Final
from uuid import UUID

from creator_app.bootstrap import Creator
from creator_app.domain import drops
from creator_app.errors import CreatorError
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import DirectoryPlace
from creator_app.integrations.drop_folders.directory_watch import DirectoryWatch
from creator_app.services import drop_sources, watched_folder

log = get_logger(__name__)

_EVERY_S: Final = 5.0


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
        watch = DirectoryWatch(
            root,
            self._look_soon,
            polling=self._creator.settings.watch_polling,
            unwatched=drops.OWN_FOLDERS,
        )
        threading.Thread(target=self._keep, args=(root,), name="watched-folder", daemon=True).start()
        threading.Thread(target=watch.run, args=(self._stop,), name="watch-events", daemon=True).start()

    def _keep(self, root: Path) -> None:
        """Makes the directories at the start; afterwards only for recipes that are new."""
        place, made, said = DirectoryPlace(root), False, ""
        while not self._stop.is_set():
            try:
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
                    hint, detail = getattr(error, "hint", ""), getattr(error, "detail", "")
                    log.warning(
                        "watched_folder_not_ready",
                        folder=str(root),
                        error=str(error),
                        hint=hint,
                        detail=detail,
                    )
                said = str(error)
            except Exception as error:  # noqa: BLE001  a database that is away for a moment ends nothing
                log.warning("watched_folder_not_kept", error=repr(error))
            self._stop.wait(_EVERY_S)

    def _look_soon(self) -> None:
        if self._source is None:
            return
        try:
            with self._creator.uow.write() as work:
                drop_sources.look_soon(work, self._source)
        except Exception as error:  # noqa: BLE001  the next look comes by itself
            log.warning("watch_not_written_down", error=repr(error))
