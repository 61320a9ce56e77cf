"""Google Drive on the folders page: connect, turn recipes on, choose folders, disconnect."""

import asyncio
from dataclasses import dataclass

import reflex as rx

from creator_app.bootstrap import get_creator
from creator_app.errors import CreatorError
from creator_app.services import drive_view, recipes
from creator_app.services.drive_folders import WatchWanted
from creator_app.services.unit_of_work import Work
from creator_app.state.folders import FoldersState
from creator_app.state.recipe_rows import CardRow, card_row
from creator_app.state.session import SignedIn, reading, require_user

_SAID = {
    "drive_not_allowed": "Google Drive was not connected: you did not allow all of it.",
    "drive_connect_failed": "Connecting Google Drive did not work. Begin again.",
}


@dataclass
class DriveRow:
    """The account's Drive; ``state`` is connected, none, disconnected, revoked or expired."""

    configured: bool = False
    state: str = "none"
    message: str = ""
    email: str = ""
    sees_everything: bool = True


@dataclass
class ChoiceRow:
    """A folder of the Drive that can be chosen."""

    id: str = ""
    name: str = ""
    where: str = ""


class DriveState(rx.State):
    """The connection, and the dialog in which a folder is added."""

    drive: DriveRow = DriveRow()
    loaded: bool = False
    #: The dialog: which recipes have no folder yet, which one is chosen, and which of the Drive's folders.
    adding: bool = False
    cards: rx.Field[list[CardRow]] = rx.field(default_factory=list)
    recipe: str = ""
    recipe_title: str = ""
    own: bool = True
    choices: rx.Field[list[ChoiceRow]] = rx.field(default_factory=list)
    cursor: str = ""
    search: str = ""
    chosen: ChoiceRow = ChoiceRow()
    #: Whether it is asked if the Drive really is to be disconnected.
    leaving: bool = False
    wrong: str = ""

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Reads the connection; says how the way to Google and back ended."""
        user = await require_user(self)
        self.adding, self.wrong = False, ""
        await self._read(user)
        told = self.router.url.query_parameters
        if told.get("drive") == "connected" and self.drive.state == "connected":
            return rx.toast.success("Google Drive is connected.")
        if told.get("drive_error"):
            return rx.toast.error(_SAID.get(told["drive_error"], _SAID["drive_connect_failed"]))
        return None

    @rx.event
    async def ask_to_leave(self, ask: bool) -> None:
        """Asks whether the Drive is to be disconnected, or stops asking."""
        await require_user(self)
        self.leaving = bool(ask)

    @rx.event
    async def disconnect(self) -> rx.event.EventSpec:
        """Gives our access back at Google and forgets it."""
        user = await require_user(self)
        self.leaving = False
        confirmed = await asyncio.to_thread(get_creator().drives.disconnect, user.account_id)
        await self._read(user)
        if confirmed:
            return rx.toast.success("Google Drive is disconnected. Nothing in it was changed.")
        return rx.toast.warning(
            "Disconnected here, but Google did not confirm it.",
            description="Look at myaccount.google.com/permissions whether Creator is still there.",
        )

    @rx.event
    async def begin_adding(self) -> None:
        """Opens the dialog."""
        user = await require_user(self)
        self.cards = await reading(lambda work: _free_recipes(work, user))
        self.recipe, self.recipe_title, self.own, self.wrong = "", "", True, ""
        self.choices, self.cursor, self.search, self.chosen = [], "", "", ChoiceRow()
        self.adding = True

    @rx.event
    async def stop_adding(self) -> None:
        """Closes the dialog."""
        await require_user(self)
        self.adding, self.wrong = False, ""

    @rx.event
    async def pick(self, slug: str) -> None:
        """Chooses the recipe; an empty text goes back to the list."""
        await require_user(self)
        card = next((one for one in self.cards if one.slug == slug), CardRow())
        self.recipe, self.recipe_title, self.wrong = card.slug, card.title, ""

    @rx.event
    async def use_own(self, own: bool) -> None:
        """A folder that we make, or one that is there."""
        user = await require_user(self)
        self.own, self.wrong = bool(own), ""
        if not self.own and not self.choices:
            await self._look(user)

    @rx.event
    async def look_for(self, text: str) -> None:
        """Folders whose name has this in it."""
        user = await require_user(self)
        self.search, self.cursor, self.choices = str(text)[:200], "", []
        await self._look(user)

    @rx.event
    async def show_more(self) -> None:
        """The next page of folders."""
        user = await require_user(self)
        if self.cursor:
            await self._look(user)

    @rx.event
    async def choose(self, folder_id: str) -> None:
        """Chooses a folder of the list."""
        await require_user(self)
        self.chosen = next((one for one in self.choices if one.id == folder_id), ChoiceRow())

    @rx.event
    async def add(self) -> rx.event.EventSpec | list[rx.event.EventSpec] | None:
        """Turns the recipe's folder on."""
        user = await require_user(self)
        if not self.recipe or (not self.own and not self.chosen.id):
            self.wrong = "Choose a folder first."
            return None
        wanted = WatchWanted(recipe=self.recipe, folder_id=None if self.own else self.chosen.id)
        try:
            await asyncio.to_thread(get_creator().drives.folders.watch, user.account_id, wanted)
        except CreatorError as error:
            self.wrong = f"{error.message} {error.hint}".strip()
            return None
        title, self.adding = self.recipe_title, False
        return [
            FoldersState.reload,
            rx.toast.success(
                f"{title} has its folder. Drop a picture in, or let us try it with the example."
            ),
        ]

    async def _look(self, user: SignedIn) -> None:
        keeper = get_creator().drives.folders
        try:
            page = await asyncio.to_thread(
                lambda: keeper.choices(
                    user.account_id, search=self.search.strip(), cursor=self.cursor or None
                )
            )
        except CreatorError as error:
            self.wrong = f"{error.message} {error.hint}".strip()
            return
        self.choices = [
            *self.choices,
            *(
                ChoiceRow(one.id, one.name, one.shared_drive or one.parent or "My Drive")
                for one in page.items
            ),
        ]
        self.cursor = page.cursor or ""

    async def _read(self, user: SignedIn) -> None:
        configured = get_creator().drive_grants.is_set_up
        self.drive = await reading(lambda work: _drive(work, user, configured))
        self.loaded = True


def _drive(work: Work, user: SignedIn, configured: bool) -> DriveRow:
    seen = drive_view.overview(work, user.account_id, is_set_up=configured)
    return DriveRow(
        configured=configured,
        state=seen.state,
        message=seen.message,
        email=seen.email or "",
        sees_everything=seen.sees_everything,
    )


def _free_recipes(work: Work, user: SignedIn) -> list[CardRow]:
    seen = drive_view.overview(work, user.account_id, is_set_up=True)
    taken = {one.recipe_slug for one in seen.watches}
    return [card_row(card) for card in recipes.list_recipes(work) if card.slug not in taken]
