"""The folders page: what is dropped where, and what came of it."""

import asyncio
from typing import Any
from uuid import UUID

import reflex as rx

from creator_app.bootstrap import get_creator
from creator_app.errors import InvalidInput, NotFound
from creator_app.services import deliveries, drop_again, drop_try, folders, recipes
from creator_app.services.unit_of_work import Work
from creator_app.state.folder_rows import FileRow, FolderRow, PlaceRow, file_row, folder_row, place_row
from creator_app.state.recipe_rows import FieldRow, field_row
from creator_app.state.session import SignedIn, reading, require_user, writing

ACTIVITY = 30


class FoldersState(rx.State):
    """The account's places and folders; the files of the one that is open."""

    places: rx.Field[list[PlaceRow]] = rx.field(default_factory=list)
    loaded: bool = False
    #: The folder whose files are shown.
    opened: str = ""
    files: rx.Field[list[FileRow]] = rx.field(default_factory=list)
    #: There may be older files, which are not shown.
    cut: bool = False
    #: The folder whose settings are shown, and its recipe's fields.
    settings: FolderRow = FolderRow()
    fields: rx.Field[list[FieldRow]] = rx.field(default_factory=list)
    wrong: str = ""

    @rx.event
    async def load(self) -> None:
        """Reads places and folders."""
        user = await require_user(self)
        self.settings, self.wrong = FolderRow(), ""
        await self._read(user)

    @rx.event
    async def reload(self) -> None:
        """Reads what is shown again."""
        user = await require_user(self)
        await self._read(user)

    @rx.event
    async def show(self, folder_id: str) -> None:
        """Opens a folder's files, or closes them."""
        user = await require_user(self)
        self.opened = "" if self.opened == folder_id else str(_id(folder_id))
        self.files, self.cut = [], False
        await self._read(user)

    @rx.event
    async def switch(self, folder_id: str, enabled: bool) -> None:
        """Turns a folder on or off."""
        user = await require_user(self)
        wanted = _id(folder_id)
        await writing(
            lambda work: folders.change(work, user.account_id, wanted, enabled=bool(enabled)) and None
        )
        await self._read(user)

    @rx.event
    async def edit(self, folder_id: str) -> None:
        """Opens a folder's settings."""
        user = await require_user(self)
        wanted = _id(folder_id)
        self.settings, self.fields = await reading(lambda work: _settings(work, user, wanted))
        self.wrong = ""

    @rx.event
    async def close_settings(self) -> None:
        """Closes the settings without keeping them."""
        await require_user(self)
        self.settings, self.fields, self.wrong = FolderRow(), [], ""

    @rx.event
    async def save(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Keeps a folder's settings."""
        user = await require_user(self)
        wanted = _id(self.settings.id)
        names = [one.name for one in self.fields]
        inputs = {name: str(form[name]) for name in names if str(form.get(name, "")).strip()}
        after, naming = str(form.get("folder-after", "stay")), str(form.get("folder-naming", ""))
        try:
            await writing(
                lambda work: (
                    folders.change(work, user.account_id, wanted, inputs=inputs, after=after, naming=naming)
                    and None
                )
            )
        except InvalidInput as error:
            self.wrong = error.message
            return None
        self.settings, self.fields, self.wrong = FolderRow(), [], ""
        await self._read(user)
        return rx.toast.success("Kept.")

    @rx.event
    async def remove(self, folder_id: str) -> rx.event.EventSpec:
        """Takes a folder out of the list; it stays where it is."""
        user = await require_user(self)
        wanted = _id(folder_id)
        await writing(lambda work: folders.remove(work, user.account_id, wanted))
        await self._read(user)
        return rx.toast.success("This folder is no drop folder any more. Nothing in it was deleted.")

    @rx.event
    async def try_it(self, folder_id: str) -> rx.event.EventSpec:
        """Drops the recipe's example into a folder and shows what becomes of it."""
        user = await require_user(self)
        wanted = _id(folder_id)
        creator = get_creator()
        name = await asyncio.to_thread(
            drop_try.drop_example, creator.uow, creator.drop_place, user.account_id, wanted
        )
        self.opened = str(wanted)
        await self._read(user)
        return rx.toast.success(f"“{name}” lies in the folder now. Watch it being taken.")

    @rx.event
    async def make_again(self, folder_id: str) -> rx.event.EventSpec:
        """Makes a folder anew that was deleted; what was recorded of it stays with it."""
        user = await require_user(self)
        wanted = _id(folder_id)
        creator = get_creator()
        await asyncio.to_thread(
            drop_again.make_again,
            creator.uow,
            creator.drop_place,
            creator.drives.folders,
            user.account_id,
            wanted,
        )
        await self._read(user)
        return rx.toast.success("The folder is there again.")

    @rx.event
    async def bring_again(self, job_id: str) -> None:
        """Tries once more to bring a job's results."""
        user = await require_user(self)
        wanted = _id(job_id)
        await writing(lambda work: deliveries.try_again(work, user.account_id, wanted) and None)
        await self._read(user)

    async def _read(self, user: SignedIn) -> None:
        self.places = await reading(
            lambda work: [place_row(one) for one in folders.overview(work, user.account_id)]
        )
        if self.opened:
            opened = _id(self.opened)
            try:
                files = await reading(lambda work: _files(work, user, opened))
                self.files, self.cut = files[:ACTIVITY], len(files) > ACTIVITY
            except NotFound:
                self.opened, self.files = "", []
        self.loaded = True


def _files(work: Work, user: SignedIn, folder_id: UUID) -> list[FileRow]:
    return [file_row(one) for one in folders.activity(work, user.account_id, folder_id, ACTIVITY + 1)]


def _settings(work: Work, user: SignedIn, folder_id: UUID) -> tuple[FolderRow, list[FieldRow]]:
    folder = folders.get(work, user.account_id, folder_id)
    views = [one for place in folders.overview(work, user.account_id) for one in place.folders]
    view = next(one for one in views if one.id == folder_id)
    manifest = recipes.get_recipe(work, folder.recipe_slug).manifest
    fields = [field_row(one) for one in manifest.inputs if not one.is_file]
    for field in fields:
        if field.name in folder.inputs:
            field.default = str(folder.inputs[field.name])
    return folder_row(view), fields


def _id(text: str) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise NotFound("There is no such folder.", hint="Your folders are listed under Folders.") from None
