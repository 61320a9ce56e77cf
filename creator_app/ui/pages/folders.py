"""Drop folders: where they are, what was dropped, what came of it."""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.state.drive import DriveState
from creator_app.state.folder_rows import PlaceRow
from creator_app.state.folders import FoldersState
from creator_app.state.jobs_live import JobsLive
from creator_app.ui.components.drive import add_folder, drive_head
from creator_app.ui.components.elements import pulse
from creator_app.ui.components.fields import value_field
from creator_app.ui.components.folder_row import folder_row
from creator_app.ui.components.status import bone
from creator_app.ui.layout import page_head, shell

ROUTE = "/folders"
TITLE = "Folders · Creator"
ON_LOAD = [AccountState.load, FoldersState.load, DriveState.load, JobsLive.load]


def page() -> rx.Component:
    """All folders of the account, live."""
    return shell(
        page_head("Folders"),
        rx.el.p(
            "Drop a picture into a folder: its result comes back into the same folder. No page to open.",
            class_name="quiet lead-in",
        ),
        rx.cond(FoldersState.loaded & DriveState.loaded, _places(), _skeleton()),
        _settings(),
        add_folder(),
        pulse(FoldersState.reload, 10000),
        here="folders",
    )


def _places() -> rx.Component:
    return rx.el.div(
        rx.el.section(
            drive_head(),
            rx.foreach(FoldersState.places, lambda place: rx.cond(place.kind == "drive", _folders(place))),
            class_name="stack near",
        ),
        rx.foreach(FoldersState.places, lambda place: rx.cond(place.kind == "folder", _watched(place))),
        class_name="stack far",
    )


def _watched(place: rx.vars.ObjectVar[PlaceRow]) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.icon(tag="folder", size=18),
            rx.el.div(
                rx.el.h2("On this machine"),
                rx.el.p(place.title, class_name="quiet small path"),
            ),
            class_name="place-head",
        ),
        _folders(place),
        class_name="stack near",
    )


def _folders(place: rx.vars.ObjectVar[PlaceRow]) -> rx.Component:
    return rx.fragment(
        rx.cond(
            (place.failing != "") & (place.state == "ok"),
            rx.el.div(
                rx.el.strong("It can't be reached just now. We go on trying."),
                place.failing,
                class_name="notice",
                role="status",
            ),
        ),
        rx.cond(
            place.folders.length() > 0,
            rx.el.ul(rx.foreach(place.folders, folder_row), class_name="folders"),
            rx.cond(
                place.state == "ok",
                rx.el.p("No folder yet. Add one for the recipe that you use most.", class_name="quiet"),
            ),
        ),
    )


def _settings() -> rx.Component:
    folder = FoldersState.settings
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(folder.recipe_title),
            rx.dialog.description(
                "What happens to every file that is dropped here.", class_name="quiet small"
            ),
            rx.el.form(
                rx.foreach(FoldersState.fields, value_field),
                rx.el.div(
                    rx.el.label("The original", html_for="folder-after"),
                    rx.el.select(
                        rx.el.option("stays where it is", value="stay"),
                        rx.el.option("moves to Done/originals", value="move"),
                        id="folder-after",
                        name="folder-after",
                        default_value=folder.after,
                    ),
                    class_name="field",
                ),
                rx.el.div(
                    rx.el.label("Names of results", html_for="folder-naming"),
                    rx.el.input(
                        id="folder-naming",
                        name="folder-naming",
                        default_value=folder.naming,
                        placeholder="{name} {recipe}",
                    ),
                    rx.el.p(
                        "Left empty: as usual. What can stand in braces: name, recipe, date, time, n.",
                        class_name="quiet tiny",
                    ),
                    class_name="field",
                ),
                rx.cond(
                    FoldersState.wrong != "", rx.el.p(FoldersState.wrong, class_name="wrong", role="alert")
                ),
                rx.el.div(
                    rx.el.button(
                        "Cancel", type="button", class_name="button", on_click=FoldersState.close_settings
                    ),
                    rx.el.button("Keep", type="submit", class_name="button main"),
                    class_name="row end-row",
                ),
                on_submit=FoldersState.save,
                class_name="stack near",
                key=folder.id,
            ),
            max_width="480px",
        ),
        open=folder.id != "",
        on_open_change=lambda _open: FoldersState.close_settings(),
    )


def _skeleton() -> rx.Component:
    return rx.el.div(*[bone("72px") for _ in range(5)], class_name="stack near", aria_busy=True)
