"""Drop folders in a Drive: made, found again, chosen.

Ids are reserved at Google and written down before anything is made with them. So a death in between, or two
people who click at once, leave nothing doubled: whoever repeats it makes, or finds, the very same folders.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from creator_app.domain import drops
from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.database import db_now
from creator_app.integrations.drop_folders.base import DropEntry
from creator_app.integrations.drop_folders.errors import EntryGone
from creator_app.integrations.google_drive.entries import FOLDER_OF, ROOT
from creator_app.models import DropFolder, DropSource, OAuthGrant
from creator_app.models.base import new_id
from creator_app.repositories.drops import DropFolderRepository, DropSourceRepository
from creator_app.repositories.oauth_grants import OAuthGrantRepository
from creator_app.services import drop_sources, recipes
from creator_app.services.unit_of_work import FoldersChanged, UnitOfWork, Work

if TYPE_CHECKING:
    from creator_app.integrations.google_drive.folders import FolderPage
    from creator_app.integrations.google_drive.place import GoogleDrivePlace

ROOT_NAME: Final = "Creator"
_NOT_CONNECTED: Final = "Your Google Drive is not connected."


@dataclass(frozen=True)
class WatchWanted:
    """What a person wants watched.

    Attributes:
        recipe: its slug.
        folder_id: a folder that is there; ``None``: one that we make.
        results_id: where results go; ``None``: ``Done`` in the folder.
        inputs: values for the recipe's inputs that every file gets; ``None``: as they were.
    """

    recipe: str
    folder_id: str | None = None
    results_id: str | None = None
    inputs: dict[str, Any] | None = None
    after: str | None = None
    naming: str | None = None


class DriveFolderKeeper:
    """Makes and finds drop folders.

    Args:
        uow: opens transactions.
        place_of: the Drive of a source.
    """

    def __init__(self, uow: UnitOfWork, place_of: "Callable[[DropSource], GoogleDrivePlace]") -> None:
        self._uow = uow
        self._place_of = place_of

    def source_of(self, account_id: UUID) -> DropSource:
        """The Drive that an account has connected; the newest where there are several.

        Raises:
            Conflict: there is none, or its grant has ended.
        """
        with self._uow.read() as work:
            return _connected(work, account_id)[1]

    def choices(
        self, account_id: UUID, *, search: str = "", parent_id: str = "", cursor: str | None = None
    ) -> "FolderPage":
        """Folders to choose from; see `creator_app.integrations.google_drive.folders.DriveFolders.page`.

        Raises:
            Conflict: no Drive is connected.
            PlaceError: Google said no, or nothing.
        """
        folders = self._folders(self._place_of(self.source_of(account_id)))
        page: FolderPage = folders.page(search=search, parent_id=parent_id, cursor=cursor)
        return page

    def watch(self, account_id: UUID, wanted: WatchWanted) -> DropFolder:
        """Turns a recipe's folder on: makes it, takes one that is there, or goes on with one of before.

        What was recorded of a folder stays with it: nothing is taken twice.

        Args:
            account_id: whose.
            wanted: what they ask for.

        Raises:
            NotFound: there is no such recipe.
            Conflict: no Drive is connected, or the folder belongs to another recipe.
            InvalidInput: a value does not fit the recipe.
            PlaceError: Google said no, or nothing.
        """
        source, title = self._checked(account_id, wanted)
        place = self._place_of(source)
        folders = self._folders(place)
        chosen = folders.chosen(wanted.folder_id) if wanted.folder_id else None
        results = folders.chosen(wanted.results_id) if wanted.results_id else None
        spare = place.reserve_many(4)
        try:
            row = self._write_down(source, wanted, chosen, spare)
        except IntegrityError:  # the same folder was asked for at this very moment
            row = self._write_down(source, wanted, chosen, spare)
        crash_point("drive.after_reserve")
        itself = chosen or self._ensure_own(place, folders, source, row, title)
        crash_point("drive.after_folder")
        done, review = self._ensure_parts(place, row, itself, results)
        kept = row.results_chosen and done.id == row.results_id
        return self._turn_on(row, itself, done, review, chosen_results=kept or results is not None)

    def choose_results(self, account_id: UUID, folder_id: UUID, results_id: str | None) -> DropFolder:
        """Says where results go.

        Args:
            account_id: whose.
            folder_id: of which drop folder.
            results_id: a folder at Google's; ``None``: ``Done`` in the drop folder.

        Raises:
            NotFound: there is no such drop folder.
            PlaceError: Google said no, or nothing.
        """
        with self._uow.read() as work:
            row = work.session.get(DropFolder, folder_id)
            source = work.session.get(DropSource, row.source_id) if row is not None else None
        ours = row is not None and row.account_id == account_id and row.removed_at is None
        if row is None or not ours or source is None or source.kind != "drive":
            raise NotFound("There is no such folder.", hint="Your folders are listed under Folders.")
        place = self._place_of(source)
        target = (
            self._folders(place).chosen(results_id)
            if results_id
            else place.make_folder(row.remote_id, drops.RESULTS)
        )
        with self._uow.write() as work:
            current = work.session.get(DropFolder, folder_id, with_for_update=True)
            if current is None:
                raise NotFound("There is no such folder.")
            _results_go_to(current, target, chosen=results_id is not None)
            work.session.add(current)
            work.tell(FoldersChanged(account_id))
        return current

    def _checked(self, account_id: UUID, wanted: WatchWanted) -> tuple[DropSource, str]:
        with self._uow.read() as work:
            manifest = recipes.get_recipe(work, wanted.recipe).manifest
            if drops.main_input(manifest) is None:
                raise InvalidInput(
                    "This recipe takes no file, so there is nothing to drop.",
                    fields={"recipe": "Choose a recipe that takes a picture."},
                )
            try:
                drops.check_values(wanted.inputs or {}, manifest)
            except ValueError as error:
                raise InvalidInput(str(error), fields={"inputs": str(error)}) from error
            try:
                drops.check_naming(wanted.naming or "")
            except ValueError as error:
                raise InvalidInput(str(error), fields={"naming": str(error)}) from error
            return _connected(work, account_id)[1], manifest.title

    def _write_down(
        self, source: DropSource, wanted: WatchWanted, chosen: DropEntry | None, spare: list[str]
    ) -> DropFolder:
        """The folder's row, off until its folders are there, with the ids that they are made with."""
        with self._uow.write(durable=True) as work:
            owner = work.session.get(DropSource, source.id, with_for_update=True, populate_existing=True)
            if owner is None or owner.state != "ok":
                raise Conflict(_NOT_CONNECTED, hint="Connect it again on the Folders page.")
            owner.root_id = owner.root_id or spare[0]
            work.session.add(owner)
            source.root_id = owner.root_id
            row = _row_for(work, owner, wanted, chosen)
            if row is None:
                row = DropFolder(
                    id=new_id(),
                    source_id=owner.id,
                    account_id=owner.account_id,
                    user_id=owner.user_id,
                    remote_id=chosen.id if chosen else spare[1],
                    name=chosen.name if chosen else "",
                    chosen=chosen is not None,
                    recipe_slug=wanted.recipe,
                    results_id=spare[2],
                    review_id=spare[3],
                    enabled=False,
                )
            elif row.removed_at is not None:
                row.recipe_slug = wanted.recipe
                row.removed_at = None
            row.results_id = row.results_id or spare[2]
            row.review_id = row.review_id or spare[3]
            _take_over(row, wanted)
            work.session.add(row)
            work.tell(FoldersChanged(owner.account_id))
        return row

    def _ensure_own(
        self, place: "GoogleDrivePlace", folders: Any, source: DropSource, row: DropFolder, title: str
    ) -> DropEntry:
        """The recipe's folder in ``Creator``: as it is, wherever the person moved it; else made."""
        properties = {FOLDER_OF: str(row.id)}
        try:
            return place.look(row.remote_id)
        except EntryGone:
            root = self._ensure_root(place, folders, source)
        try:
            return place.ensure_folder(row.remote_id, root.id, title, properties)
        except EntryGone:  # thrown away by the person, who asks for it again
            fresh = self._anew(DropFolder, row.id, "remote_id", row.remote_id, place.reserve(root.id, title))
            row.remote_id = fresh
            return place.ensure_folder(fresh, root.id, title, properties)

    def _ensure_root(self, place: "GoogleDrivePlace", folders: Any, source: DropSource) -> DropEntry:
        root_id = source.root_id or ""
        try:
            return place.look(root_id)
        except EntryGone:
            found: DropEntry | None = folders.root()
        if found is not None:
            self._anew(DropSource, source.id, "root_id", root_id, found.id)
            return found
        try:
            return place.ensure_folder(root_id, "root", ROOT_NAME, {ROOT: "1"})
        except EntryGone:
            fresh = self._anew(DropSource, source.id, "root_id", root_id, place.reserve("root", ROOT_NAME))
            return place.ensure_folder(fresh, "root", ROOT_NAME, {ROOT: "1"})

    def _anew(
        self, model: type[DropFolder] | type[DropSource], row_id: UUID, column: str, was: str, fresh: str
    ) -> str:
        """Writes another id down, unless somebody was quicker: then theirs counts."""
        with self._uow.write(durable=True) as work:
            row = work.session.get(model, row_id, with_for_update=True, populate_existing=True)
            if row is None:
                raise NotFound("There is no such folder.")
            current: str = getattr(row, column) or ""
            if current != was:
                return current
            setattr(row, column, fresh)
            work.session.add(row)
        return fresh

    def _ensure_parts(
        self, place: "GoogleDrivePlace", row: DropFolder, itself: DropEntry, results: DropEntry | None
    ) -> tuple[DropEntry, DropEntry]:
        """``Done``, or what was chosen for results, and ``Needs a look``."""
        done = results or self._part(place, row.results_id or "", itself.id, drops.RESULTS)
        return done, self._part(place, row.review_id or "", itself.id, drops.REVIEW)

    def _part(self, place: "GoogleDrivePlace", known: str, parent_id: str, name: str) -> DropEntry:
        """A folder for what we write: the known one, or one that the person has called so; else made."""
        try:
            return place.look(known)
        except EntryGone:
            found = place.folder_called(parent_id, name)
        if found is not None:
            return found
        properties = {FOLDER_OF: "part"}
        try:
            return place.ensure_folder(known, parent_id, name, properties)
        except EntryGone:
            return place.ensure_folder(place.reserve(parent_id, name), parent_id, name, properties)

    def _turn_on(
        self, row: DropFolder, itself: DropEntry, done: DropEntry, review: DropEntry, *, chosen_results: bool
    ) -> DropFolder:
        with self._uow.write() as work:
            current = work.session.get(DropFolder, row.id, with_for_update=True, populate_existing=True)
            if current is None:
                raise NotFound("There is no such folder.")
            current.name, current.url = itself.name, itself.url
            current.drive_id = itself.properties.get("drive_id")
            _results_go_to(current, done, chosen=chosen_results)
            current.review_id = review.id
            current.enabled, current.state, current.reason = True, "ok", None
            current.last_activity_at = current.last_activity_at or db_now(work.session)
            work.session.add(current)
            drop_sources.look_soon(work, current.source_id, listing=True)
            drop_sources.hurry(work, [current.id])
            work.tell(FoldersChanged(current.account_id))
        return current

    @staticmethod
    def _folders(place: "GoogleDrivePlace") -> Any:
        from creator_app.integrations.google_drive.folders import DriveFolders

        return DriveFolders(place)


def grants_with_sources(work: Work, account_id: UUID) -> list[tuple[OAuthGrant, DropSource | None]]:
    """An account's Drives: active ones first, then the newest."""
    sources = DropSourceRepository(work.session)
    return [
        (grant, next(iter(sources.find_all(grant_id=grant.id)), None))
        for grant in OAuthGrantRepository(work.session).drives(account_id)
    ]


def _connected(work: Work, account_id: UUID) -> tuple[OAuthGrant, DropSource]:
    for grant, source in grants_with_sources(work, account_id):
        if grant.state == "active" and source is not None:
            return grant, source
    raise Conflict(_NOT_CONNECTED, hint="Connect it on the Folders page, or with POST /api/v1/drive/connect.")


def _row_for(
    work: Work, source: DropSource, wanted: WatchWanted, chosen: DropEntry | None
) -> DropFolder | None:
    """The row that was there before: of the chosen folder, or of the folder that we made for the recipe."""
    rows = DropFolderRepository(work.session).of_source(source.id, enabled=False)
    if chosen is None:
        return next((one for one in rows if not one.chosen and one.recipe_slug == wanted.recipe), None)
    row = next((one for one in rows if one.remote_id == chosen.id), None)
    if row is not None and row.removed_at is None and row.recipe_slug != wanted.recipe:
        raise Conflict(
            "This folder belongs to another recipe already.",
            hint="Take it off there first, or choose another folder.",
        )
    if any(chosen.id in (one.results_id, one.review_id, one.originals_id) for one in rows):
        raise Conflict("Results go into this folder.", hint="Choose another folder for dropping files.")
    return row


def _take_over(row: DropFolder, wanted: WatchWanted) -> None:
    if wanted.inputs is not None:
        row.inputs = {name: value for name, value in wanted.inputs.items() if value not in (None, "")}
    if wanted.after is not None:
        row.after = wanted.after
    if wanted.naming is not None:
        row.naming = drops.check_naming(wanted.naming)


def _results_go_to(row: DropFolder, target: DropEntry, *, chosen: bool) -> None:
    row.results_id, row.results_name, row.results_url = target.id, target.name, target.url
    row.results_chosen = chosen
