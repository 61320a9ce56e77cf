"""The test drop: the recipe's example goes into a folder, as if its owner had dropped it there."""

from collections.abc import Callable
from uuid import UUID

from creator_app.errors import InvalidInput, NotFound
from creator_app.integrations.drop_folders import DropPlace, NameTaken, Upload
from creator_app.models import DropSource
from creator_app.services import drop_sources, folders, recipes
from creator_app.services.unit_of_work import UnitOfWork

_TRIES = 5


def drop_example(
    uow: UnitOfWork, open_place: Callable[[DropSource], DropPlace], account_id: UUID, folder_id: UUID
) -> str:
    """Puts the recipe's example picture into a folder; everything after that goes its usual way.

    Args:
        uow: opens transactions.
        open_place: the place of a source.
        account_id: whose folder.
        folder_id: which.

    Returns:
        What the file is called there.

    Raises:
        NotFound: there is no such folder, or its recipe has no example.
        InvalidInput: the folder is switched off.
        PlaceError: it can't be written there.
    """
    with uow.read() as work:
        folder = folders.get(work, account_id, folder_id)
        if not folder.enabled:
            raise InvalidInput("This folder is switched off.", hint="Switch it on first.")
        source = work.session.get(DropSource, folder.source_id)
        path = recipes.example_path(folder.recipe_slug, "before")
    if source is None or path is None:
        raise NotFound("This recipe has no example.", hint="Drop a picture of yours.")
    place = open_place(source)
    name = f"Example{path.suffix}"
    for _ in range(_TRIES):
        upload = Upload(
            id=place.reserve(folder.remote_id, name),
            folder_id=folder.remote_id,
            name=name,
            size=path.stat().st_size,
            content_type="image/png" if path.suffix == ".png" else "image/jpeg",
        )
        try:
            with path.open("rb") as stream:
                entry = place.put(upload, stream)
            break
        except NameTaken:
            continue
    else:
        raise NameTaken
    with uow.write() as work:
        drop_sources.look_soon(work, source.id, listing=True)
    return entry.name
