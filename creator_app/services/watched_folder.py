"""The watched folder: a directory of the operator's machine with a sub-folder for each recipe.

Rows and directories are brought in line with the recipes again and again; doing so twice, or in two processes
at once, changes nothing. A sub-folder is known by its id: people may rename it. One that they delete stays
deleted until the next start, or until they ask for it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from creator_app.domain import drops
from creator_app.domain.recipe import Manifest
from creator_app.errors import NotFound
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import ROOT_ID, DirectoryPlace, DropEntry, EntryGone, EntryKind
from creator_app.models import DropFile, DropFolder, DropSource, User
from creator_app.models.base import new_id
from creator_app.repositories.recipe_versions import RecipeVersionRepository
from creator_app.services import accounts, drop_sources
from creator_app.services.unit_of_work import FoldersChanged, UnitOfWork, Work

log = get_logger(__name__)

README_NAME: Final = "README.txt"
SWITCHED_OFF: Final = "The recipe is switched off."
_NAMES_TRIED: Final = 100
_README: Final = """Drop a picture into one of these folders: each belongs to a recipe.

A few seconds later the result lies in the folder called "{results}" inside it. What could not be made is
named in "{review}", with the reason.

  portrait__seed=42.png   a file's name can carry values for the recipe's settings
  {values:<23} so can a text file beside the pictures: a line for each, name = value
  logo.png                a recipe that needs a second picture finds it by its name

{recipes}
"""


@dataclass(frozen=True)
class _Dropable:
    """A recipe that a dropped file can be for."""

    slug: str
    title: str


@dataclass(frozen=True)
class _Known:
    """What the database says of the watched folder."""

    user: User
    source: DropSource | None
    rows: dict[str, DropFolder]
    recipes: Sequence[_Dropable]

    @property
    def in_line(self) -> bool:
        """Whether there is nothing to do, as far as the rows tell."""
        source, wanted = self.source, {one.slug for one in self.recipes}
        if source is None or source.state != "ok" or source.user_id != self.user.id:
            return False
        for slug, row in self.rows.items():
            waits_for_recipe = not row.enabled and row.reason == SWITCHED_OFF
            if row.user_id != self.user.id or (waits_for_recipe if slug in wanted else row.enabled):
                return False
        return wanted <= set(self.rows)


@dataclass(frozen=True)
class _Found:
    """A recipe's directory; ``fresh``: it is another one than the row says, or the first."""

    folder: DropEntry
    results_id: str | None = None
    review_id: str | None = None
    fresh: bool = False


def ensure(
    uow: UnitOfWork, address: str, place: DirectoryPlace, *, account: str | None, make: bool
) -> UUID | None:
    """Brings rows and directories in line with the recipes; cheap where nothing is to do.

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
        PlaceError: the directory can't be made or written, or its disk is away.
    """
    with uow.read() as work:
        known = _known(work, address, account)
    if known is None:
        return None
    missing = any(row.enabled and row.state == "missing" for row in known.rows.values())
    if known.in_line and known.source is not None and not make and not missing:
        return known.source.id
    # Outside of any transaction: a NAS may take its time.
    if known.source is not None:
        place.expect_mounted_at(known.source.root_id)
    mount_point = place.prepare()
    place.write_text(README_NAME, readme(known.recipes))
    found = {one.slug: _directory(place, known, one.slug, make=make) for one in known.recipes}
    with uow.write() as work:
        return _align(work, address, mount_point, known, {s: one for s, one in found.items() if one})


def source_of(work: Work, address: str) -> DropSource | None:
    """The row of a watched directory, if it was set up before."""
    return work.session.exec(_of_address(address)).first()


def make_again(uow: UnitOfWork, place: DirectoryPlace, folder_id: UUID) -> None:
    """Makes a directory anew that a person deleted, because they ask for it.

    Raises:
        NotFound: there is no such folder.
        PlaceError: it can't be made.
    """
    with uow.read() as work:
        row = work.session.get(DropFolder, folder_id)
        source = work.session.get(DropSource, row.source_id) if row is not None else None
        others = _others(work, row) if row is not None else set()
    if row is None or source is None or source.kind != "folder":
        raise NotFound("There is no such folder.")
    place.expect_mounted_at(source.root_id)
    found = _present(place, row) or _made(place, row.recipe_slug, others)
    with uow.write() as work:
        again = work.session.get(DropFolder, folder_id, with_for_update=True)
        if again is not None:
            _revive(again, found)
            work.session.add(again)
            drop_sources.look_soon(work, again.source_id, listing=True)
            work.tell(FoldersChanged(again.account_id))


def retire_all(work: Work) -> None:
    """The watched folder was switched off: nothing is looked at any more; what was recorded stays."""
    _retire_others(work, "")


def readme(recipes: Sequence[_Dropable]) -> str:
    """The text that lies in the watched folder itself."""
    width = max((len(one.slug) for one in recipes), default=0) + 2
    lines = [f"  {one.slug:<{width}}{one.title}" for one in recipes]
    return _README.format(
        results=drops.RESULTS, review=drops.REVIEW, values=drops.VALUES_FILE, recipes="\n".join(lines)
    )


def _known(work: Work, address: str, account: str | None) -> _Known | None:
    user = accounts.operators_user(work, account)
    if user is None:
        return None
    source = source_of(work, address)
    rows = _rows(work, source.id) if source is not None else {}
    return _Known(user, source, rows, _dropable(work))


def _of_address(address: str) -> SelectOfScalar[DropSource]:
    return select(DropSource).where(DropSource.kind == "folder", DropSource.address == address)


def _dropable(work: Work) -> list[_Dropable]:
    """The recipes that are switched on and take a file."""
    return [
        _Dropable(recipe.slug, recipe.title)
        for recipe, version in RecipeVersionRepository(work.session).current(enabled=True)
        if drops.main_input(Manifest.model_validate(version.manifest)) is not None
    ]


def _rows(work: Work, source_id: UUID) -> dict[str, DropFolder]:
    statement = select(DropFolder).where(DropFolder.source_id == source_id)
    return {row.recipe_slug: row for row in work.session.exec(statement)}


def _others(work: Work, row: DropFolder) -> set[str]:
    return {one.remote_id for one in _rows(work, row.source_id).values() if one.id != row.id}


def _directory(place: DirectoryPlace, known: _Known, slug: str, *, make: bool) -> _Found | None:
    """A recipe's directory: the one that is known, wherever it is now, else one of the recipe's name."""
    row = known.rows.get(slug)
    others = {one.remote_id for one in known.rows.values() if one.recipe_slug != slug}
    if row is not None:
        present = _present(place, row)
        if present is not None:
            return present
        if not make:  # deleted by a person: only one that they make themselves counts
            with suppress(EntryGone):
                folder = place.folder(slug)
                return _Found(folder, fresh=True) if folder.id not in others else None
            return None
    return _made(place, slug, others)


def _present(place: DirectoryPlace, row: DropFolder) -> _Found | None:
    with suppress(EntryGone):
        folder = place.look(row.remote_id)
        return _Found(folder) if folder.kind is EntryKind.FOLDER else None
    return None


def _made(place: DirectoryPlace, slug: str, others: set[str]) -> _Found:
    """A directory of the recipe's name, with those that results and notes go to."""
    folder = place.make_folder(ROOT_ID, slug)
    for number in range(2, _NAMES_TRIED):
        if folder.id not in others:
            break
        # A person gave another recipe's directory this name.
        folder = place.make_folder(ROOT_ID, f"{slug}-{number}")
    results = place.make_folder(folder.id, drops.RESULTS)
    review = place.make_folder(folder.id, drops.REVIEW)
    return _Found(folder, results.id, review.id, fresh=True)


def _align(work: Work, address: str, mount_point: str, known: _Known, found: dict[str, _Found]) -> UUID:
    source = _source(work, address, known.user)
    changed = _wake_up(work, source, known.user)
    source.root_id = mount_point
    _retire_others(work, address)
    rows = _rows(work, source.id)
    taken = {row.remote_id for row in rows.values()}
    for slug, one in found.items():
        row = rows.get(slug)
        if row is not None and (not one.fresh or row.remote_id == one.folder.id):
            if row.state == "missing":  # it was put back
                row.state, row.reason, changed = "ok", None, True
        elif one.folder.id in taken:
            log.warning("directory_of_two_recipes", directory=one.folder.name, recipe=slug)
        elif row is not None:
            _revive(row, one)
            changed = True
        else:
            rows[slug] = _new_row(source, known.user, slug, one)
            changed = True
    wanted = {one.slug for one in known.recipes}
    for slug, row in rows.items():
        changed = _switch(row, on=slug in wanted) or changed
        work.session.add(row)
    if changed:
        drop_sources.look_soon(work, source.id, listing=True)
        work.tell(FoldersChanged(source.account_id))
    return source.id


def _source(work: Work, address: str, user: User) -> DropSource:
    """The directory's row, locked; made if there is none."""
    statement = _of_address(address)
    source = work.session.exec(statement.with_for_update()).first()
    if source is not None:
        return source
    now = db_now(work.session)
    try:
        with work.session.begin_nested():
            made = DropSource(
                id=new_id(),
                kind="folder",
                address=address,
                account_id=user.account_id,
                user_id=user.id,
                next_look_at=now,
                next_listing_at=now,
            )
            work.session.add(made)
    except IntegrityError:  # another process made it at this very moment
        return work.session.exec(statement.with_for_update()).one()
    return made


def _wake_up(work: Work, source: DropSource, user: User) -> bool:
    """Makes a directory that was retired count again, and gives it to whom it belongs now."""
    changed = False
    if source.state != "ok":
        drop_sources.back_again(work, source.id)
        changed = True
    if source.user_id != user.id:
        # Mostly: somebody signed up after the command line had made a user for want of anybody.
        work.tell(FoldersChanged(source.account_id))
        source.account_id, source.user_id = user.account_id, user.id
        for row in _rows(work, source.id).values():
            row.account_id, row.user_id = user.account_id, user.id
            work.session.add(row)
            work.session.execute(
                update(DropFile)
                .where(col(DropFile.folder_id) == row.id, col(DropFile.state) == "seen")
                .values(account_id=user.account_id)
                .execution_options(synchronize_session=False)
            )
        changed = True
    work.session.add(source)
    return changed


def _new_row(source: DropSource, user: User, slug: str, found: _Found) -> DropFolder:
    return DropFolder(
        id=new_id(),
        source_id=source.id,
        account_id=user.account_id,
        user_id=user.id,
        remote_id=found.folder.id,
        name=found.folder.name,
        recipe_slug=slug,
        results_id=found.results_id,
        results_name=drops.RESULTS if found.results_id else None,
        review_id=found.review_id,
    )


def _revive(row: DropFolder, found: _Found) -> None:
    """Lets a row stand for another directory, or for its own again."""
    if row.remote_id != found.folder.id:
        row.remote_id, row.name = found.folder.id, found.folder.name
        if not row.results_chosen:
            row.results_id = found.results_id
            row.results_name = drops.RESULTS if found.results_id else None
        row.review_id, row.originals_id, row.tree = found.review_id, None, {}
    row.state, row.reason = "ok", None


def _switch(row: DropFolder, *, on: bool) -> bool:
    """Follows a recipe that was switched off or on; what a person switched off stays so."""
    if not on and row.enabled:
        row.enabled, row.reason = False, SWITCHED_OFF
        return True
    if on and not row.enabled and row.reason == SWITCHED_OFF:
        row.enabled, row.reason = True, None
        return True
    return False


def _retire_others(work: Work, address: str) -> None:
    """A directory that was watched before is not looked at any more; what was recorded stays."""
    others = select(DropSource).where(DropSource.kind == "folder", DropSource.address != address)
    for other in work.session.exec(others):
        if other.state != "disconnected":
            other.state = "disconnected"
            other.last_error = "WATCH_DIR names another directory now."
            work.session.add(other)
            work.tell(FoldersChanged(other.account_id))
