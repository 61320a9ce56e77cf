"""What all of a courier's errands need to know of a place."""

from datetime import timedelta
from typing import Final

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import AccessEnded
from creator_app.models import DropSource

log = get_logger(__name__)

#: A Drive shows a file when it has arrived as a whole; a second look makes sure.
_DRIVE_REST: Final = timedelta(seconds=1)


def rest_of(settings: Settings, source: DropSource) -> timedelta:
    """How long a file must look the same before it counts as whole."""
    return timedelta(seconds=settings.watch_rest_seconds) if source.kind == "folder" else _DRIVE_REST


def access_ended(creator: Creator, source: DropSource, error: AccessEnded) -> None:
    """Notes that a person's grant does not work any more; they are told once."""
    log.info("drive_access_ended", source=str(source.id), detail=error.detail)
    if source.grant_id is not None:
        creator.drive_grants.ended(source.grant_id, error.detail or error.message)
