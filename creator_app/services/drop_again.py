"""A drop folder that a person deleted is made anew, because they ask for it; never by itself."""

from collections.abc import Callable
from uuid import UUID

from creator_app.errors import Conflict
from creator_app.integrations.drop_folders import DirectoryPlace, DropPlace
from creator_app.models import DropSource
from creator_app.services import folders, watched_folder
from creator_app.services.drive_folders import DriveFolderKeeper, WatchWanted
from creator_app.services.unit_of_work import UnitOfWork


def make_again(
    uow: UnitOfWork,
    open_place: Callable[[DropSource], DropPlace],
    drives: DriveFolderKeeper,
    account_id: UUID,
    folder_id: UUID,
) -> None:
    """Makes a deleted folder anew; what was recorded of it stays with it, so that nothing is taken twice.

    Args:
        uow: opens transactions.
        open_place: the place of a source.
        drives: makes folders in Drives.
        account_id: whose folder.
        folder_id: which.

    Raises:
        NotFound: there is no such folder.
        Conflict: it was not deleted.
        PlaceError: it can't be made.
    """
    with uow.read() as work:
        folder = folders.get(work, account_id, folder_id)
        source = work.session.get(DropSource, folder.source_id)
    if source is None or folder.state != "missing":
        raise Conflict("This folder is there.", hint="Look at the page anew.")
    if source.kind == "drive":
        drives.watch(account_id, WatchWanted(recipe=folder.recipe_slug))
        return
    place = open_place(source)
    assert isinstance(place, DirectoryPlace)  # noqa: S101  what is no Drive is a directory
    watched_folder.make_again(uow, place, folder_id)
