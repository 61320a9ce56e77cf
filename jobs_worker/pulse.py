"""Says from a process's own loop that it comes round."""

import time

from sqlalchemy.exc import SQLAlchemyError

from creator_app.bootstrap import Creator
from creator_app.infrastructure.logging import get_logger
from creator_app.services import beats

log = get_logger(__name__)


class Pulse:
    """A process's beat, written no more often than it has to be.

    Args:
        creator: where it is written.
        part: what this process does.
    """

    def __init__(self, creator: Creator, part: beats.Part) -> None:
        self._creator = creator
        self._part = part
        self._said_at = float("-inf")

    def round(self) -> None:
        """To be called each time that the loop comes round; a database that is away ends nothing."""
        if time.monotonic() - self._said_at < beats.EVERY_S:
            return
        self._said_at = time.monotonic()
        try:
            with self._creator.uow.write() as work:
                beats.beat(work, self._part)
        except SQLAlchemyError as error:
            log.warning("beat_not_written", error=type(error).__name__)
