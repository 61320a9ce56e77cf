"""Drop folders: where they are, what was dropped, what came of it."""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.state.folder_rows import PlaceRow
from creator_app.state.folders import FoldersState
from creator_app.state.jobs_live import JobsLive
from creator_app.ui.components.elements import pulse
from creator_app.ui.components.fields import value_field
from creator_app.ui.components.folder_row import folder_row
from creator_app.ui.components.status import bone, empty
from creator_app.ui.layout import page_head, shell

ROUTE = "/folders"
TITLE = "Folders · Creator"
ON_LOAD = [AccountState.load, FoldersState.load, JobsLive.load]


def page() -> rx.Component:
    """All folders of the account, live."""
    return shell(
        page_head("Folders"),
        rx.el.p(
            "Drop a picture into a folder: its result comes back into the same folder. No page to open.",
            class_name="quiet lead-in",
        ),
        rx.cond(FoldersState.loaded, _places(), _skeleton()),
        _settings(),
        pulse(FoldersState.reload, 10000),
        here="folders",
    )


def _places() -> rx.Component:
    return rx.el.div(
        rx.cond(
            FoldersState.places.length() > 0,
            rx.foreach(FoldersState.places, _place),
            empty(
                "folder-open",
                "Your folders will be here.",
                "Each recipe can have a folder of its own: drop a picture in, find the result beside it.",
            ),
        ),
        class_name="stack far",
    )


def _place(place: rx.vars.ObjectVar[PlaceRow]) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.icon(tag="folder", size=18),
            rx.el.div(
                rx.el.h2(rx.cond(place.kind == "drive", "Google Drive", "On this machine")),
                rx.el.p(place.title, class_name="quiet small path"),
            ),
            class_name="place-head",
        ),
        rx.cond(
            place.failing != "",
            rx.el.div(
                rx.el.strong("It can't be reached just now. We go on trying."),
                place.failing,
                class_name="notice",
                role="status",
            ),
        ),
        rx.el.ul(rx.foreach(place.folders, folder_row), class_name="folders"),
        class_name="stack near",
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
