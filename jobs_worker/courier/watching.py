"""Keeps the watched folder in order, and hears of changes in it at once."""

import threading

from creator_app.bootstrap import Creator
from creator_app.infrastructure.logging import get_logger

log = get_logger(__name__)


class Watching:
    """The watched folder's part of a courier."""

    def __init__(self, creator: Creator, stop: threading.Event) -> None:
        self._creator = creator
        self._stop = stop

    def start(self) -> None:
        """Begins, in threads of its own."""
