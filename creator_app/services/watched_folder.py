"""The watched folder: a directory of the operator's machine with a sub-folder for each recipe.

Its rows are brought in line with the directory and the recipes again and again; doing so twice, or in two
processes at once, changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlmodel import select

from creator_app.domain import drops
from creator_app.infrastructure.database import db_now
from creator_app.integrations.drop_folders import ROOT_ID, DirectoryPlace, DropEntry, EntryKind
from creator_app.models import DropFolder, DropSource, User
from creator_app.models.base import new_id
from creator_app.services import accounts, drop_sources, recipes
from creator_app.services.unit_of_work import FoldersChanged, UnitOfWork, Work

README: Final = """Drop a picture into one of these folders: each belongs to a recipe.

A few seconds later the result lies in the folder called "Done" inside it. What could not be made is
named in "Needs a look", with the reason.

  portrait__seed=42.png   a file's name can carry values for the recipe's settings
  recipe.txt              so can a text file beside the pictures: a line for each, name = value
  logo.png                a recipe that needs a second picture finds it by its name
"""


def ensure(
    uow: UnitOfWork, address: str, place: DirectoryPlace, *, account: str | None, make: bool
) -> UUID | None:
    """Brings rows and directories in line with the recipes.

    Args:
        uow: opens transactions.
        address: the directory's path.
        place: the directory.
        account: whose jobs these are, by e-mail; ``None``: the first admin's.
        make: whether directories that are missing are made: at the start, not when a person deleted one.

    Returns:
        The source's id; ``None`` while nobody has an account.

    Raises:
        NotFound: nobody has this e-mail address.
        PlaceError: the directory can't be read or written.
    """
    with uow.write() as work:
        user = accounts.operators_user(work, account)
        if user is None:
            return None
        source = _source(work, address, user)
        _retire_others(work, address)
        wanted = [card.slug for card in recipes.list_recipes(work)]
        new = _unknown(work, source.id, wanted)
    # Outside of any transaction: a NAS may take its time.
    for slug in wanted:
        if make or slug in new:
            _make(place, slug)
    found = {one.name: one for one in place.children(ROOT_ID) if one.kind is EntryKind.FOLDER}
    with uow.write() as work:
        _align(work, source.id, user, wanted, found)
    return source.id


def _make(place: DirectoryPlace, slug: str) -> None:
    folder = place.make_folder(ROOT_ID, slug)
    for name in sorted(drops.OWN_FOLDERS):
        place.make_folder(folder.id, name)


def _source(work: Work, address: str, user: User) -> DropSource:
    statement = select(DropSource).where(DropSource.kind == "folder", DropSource.address == address)
    source = work.session.exec(statement).first()
    if source is None:
        now = db_now(work.session)
        source = DropSource(
            id=new_id(),
            kind="folder",
            address=address,
            account_id=user.account_id,
            user_id=user.id,
            next_look_at=now,
            next_listing_at=now,
        )
    source.state = "ok"
    source.account_id, source.user_id = user.account_id, user.id
    work.session.add(source)
    work.session.flush()
    return source


def _retire_others(work: Work, address: str) -> None:
    """A directory that was watched before is not looked at any more; what was recorded stays."""
    for other in work.session.exec(
        select(DropSource).where(DropSource.kind == "folder", DropSource.address != address)
    ):
        other.state = "disconnected"
        work.session.add(other)


def retire_all(work: Work) -> None:
    """The watched folder was switched off."""
    _retire_others(work, "")


def _unknown(work: Work, source_id: UUID, slugs: Sequence[str]) -> set[str]:
    known = set(work.session.exec(select(DropFolder.recipe_slug).where(DropFolder.source_id == source_id)))
    return set(slugs) - known


def _align(
    work: Work, source_id: UUID, user: User, wanted: Sequence[str], found: Mapping[str, DropEntry]
) -> None:
    rows = {
        row.recipe_slug: row
        for row in work.session.exec(
            select(DropFolder).where(DropFolder.source_id == source_id).with_for_update()
        )
    }
    changed = False
    for slug in wanted:
        entry = found.get(slug)
        if entry is None:
            continue  # the look at it says that it is missing
        row = rows.get(slug)
        if row is None:
            row = DropFolder(
                id=new_id(),
                source_id=source_id,
                account_id=user.account_id,
                user_id=user.id,
                remote_id=entry.id,
                name=slug,
                recipe_slug=slug,
            )
            changed = True
        elif row.state == "missing" or row.account_id != user.account_id:
            # A directory of this name again, or the admin signed up meanwhile.
            row.remote_id = entry.id if row.state == "missing" else row.remote_id
            row.results_id = row.review_id = row.originals_id = None
            row.state, row.reason = "ok", None
            row.account_id, row.user_id = user.account_id, user.id
            changed = True
        work.session.add(row)
    for slug, row in rows.items():
        if row.enabled and slug not in wanted:
            row.enabled, row.reason = False, "The recipe is switched off."
            work.session.add(row)
        elif not row.enabled and slug in wanted and row.reason:
            row.enabled, row.reason, changed = True, None, True
            work.session.add(row)
    if changed:
        drop_sources.look_soon(work, source_id)
        work.tell(FoldersChanged(user.account_id))
