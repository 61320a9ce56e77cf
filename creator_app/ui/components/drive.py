"""Google Drive on the folders page: its state in plain words, and the dialog that adds a folder."""

import reflex as rx

from creator_app.state.drive import ChoiceRow, DriveState
from creator_app.state.recipe_rows import CardRow

#: The answer sets out where to go; only a page load leaves for Google with the session's cookie.
_CONNECT = """
fetch('/api/v1/drive/connect', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})
  .then(async (answer) => {
    const said = await answer.json();
    if (answer.ok) window.location.assign(said.authorize_url);
    else window.location.assign('/folders?drive_error=' + encodeURIComponent(said.error.code));
  })
  .catch(() => window.location.assign('/folders?drive_error=drive_connect_failed'));
"""


def drive_head() -> rx.Component:
    """The Drive's name, state and main button."""
    drive = DriveState.drive
    return rx.el.div(
        rx.el.div(
            rx.icon(tag="hard-drive", size=18),
            rx.el.div(
                rx.el.h2("Google Drive"),
                rx.match(
                    drive.state,
                    ("connected", rx.el.p(drive.email, class_name="quiet small path")),
                    ("revoked", rx.el.p(drive.message, class_name="small warn")),
                    ("expired", rx.el.p(drive.message, class_name="small warn")),
                    _invitation(),
                ),
                rx.cond(
                    (drive.state == "connected") & ~drive.sees_everything,
                    rx.el.p(
                        "Only files that Creator made, or that you picked for it, are seen here.",
                        class_name="quiet tiny",
                    ),
                ),
            ),
            class_name="place-head",
        ),
        rx.match(
            drive.state,
            ("connected", rx.el.div(_add_button(), _more(), class_name="row")),
            ("revoked", _connect("Connect again")),
            ("expired", _connect("Connect again")),
            rx.cond(drive.configured, _connect("Connect Google Drive")),
        ),
        class_name="spread top-line",
    )


def _invitation() -> rx.Component:
    return rx.cond(
        DriveState.drive.configured,
        rx.el.p(
            "Drop a picture in on your phone or computer; the result lies beside it a moment later.",
            class_name="quiet small",
        ),
        rx.el.p(DriveState.drive.message, class_name="quiet small"),
    )


def _connect(words: str) -> rx.Component:
    return rx.el.button(words, type="button", class_name="button main", on_click=rx.call_script(_CONNECT))


def _add_button() -> rx.Component:
    return rx.el.button(
        rx.icon("plus", size=16),
        "Add a folder",
        type="button",
        class_name="button main",
        on_click=DriveState.begin_adding,
    )


def _more() -> rx.Component:
    trigger = rx.el.button(
        rx.icon("ellipsis-vertical", size=18),
        type="button",
        class_name="button plain icon",
        aria_label="What to do with Google Drive",
    )
    return rx.fragment(
        rx.menu.root(
            rx.menu.trigger(trigger),
            rx.menu.content(
                rx.menu.item("Disconnect", on_select=DriveState.ask_to_leave(True)),
                variant="soft",
                color_scheme="gray",
            ),
        ),
        _leave(),
    )


def _leave() -> rx.Component:
    return rx.alert_dialog.root(
        rx.alert_dialog.content(
            rx.alert_dialog.title("Disconnect Google Drive?"),
            rx.alert_dialog.description(
                "We give our access back to Google and take no more files from your folders. Everything in "
                "your Drive stays as it is.",
            ),
            rx.el.div(
                rx.el.button(
                    "Keep it", type="button", class_name="button", on_click=DriveState.ask_to_leave(False)
                ),
                rx.el.button(
                    "Disconnect", type="button", class_name="button main", on_click=DriveState.disconnect
                ),
                class_name="row end-row dialog-end",
            ),
            max_width="440px",
        ),
        open=DriveState.leaving,
        on_open_change=DriveState.ask_to_leave,
    )


def add_folder() -> rx.Component:
    """The dialog: a recipe, then a new folder or one that is there."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.cond(DriveState.recipe == "", _recipes(), _where()),
            max_width="520px",
        ),
        open=DriveState.adding,
        on_open_change=lambda _open: DriveState.stop_adding(),
    )


def _recipes() -> rx.Component:
    return rx.fragment(
        rx.dialog.title("What shall the folder make?"),
        rx.dialog.description(
            "Every picture that is dropped there is made with this recipe.", class_name="quiet small"
        ),
        rx.cond(
            DriveState.cards.length() > 0,
            rx.el.ul(rx.foreach(DriveState.cards, _recipe), class_name="pick-list"),
            rx.el.p("Every recipe has its folder already.", class_name="quiet pick-none"),
        ),
    )


def _recipe(card: rx.vars.ObjectVar[CardRow]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.img(src=card.after_url, alt="", width="48", height="48", loading="lazy"),
            rx.el.span(rx.el.strong(card.title), rx.el.span(card.description, class_name="quiet small")),
            type="button",
            on_click=DriveState.pick(card.slug),
        )
    )


def _where() -> rx.Component:
    return rx.fragment(
        rx.dialog.title(DriveState.recipe_title),
        rx.dialog.description("Where do you want to drop pictures?", class_name="quiet small"),
        rx.el.div(
            _way(
                "A new folder",
                rx.el.span("Creator / ", DriveState.recipe_title),
                selected=DriveState.own,
                own=True,
            ),
            _way("A folder that I have", "Choose it from your Drive", selected=~DriveState.own, own=False),
            class_name="stack close",
            role="radiogroup",
            aria_label="The folder",
        ),
        rx.cond(~DriveState.own, _selector()),
        rx.cond(DriveState.wrong != "", rx.el.p(DriveState.wrong, class_name="wrong", role="alert")),
        rx.el.div(
            rx.el.button("Back", type="button", class_name="button", on_click=DriveState.pick("")),
            rx.el.button(
                "Add the folder",
                type="button",
                class_name="button main",
                disabled=~DriveState.own & (DriveState.chosen.id == ""),
                on_click=DriveState.add,
            ),
            class_name="row end-row dialog-end",
        ),
    )


def _way(title: str, text: rx.Component | str, *, selected: rx.Var[bool], own: bool) -> rx.Component:
    return rx.el.button(
        rx.el.span(class_name=rx.cond(selected, "tick-dot on", "tick-dot"), aria_hidden=True),
        rx.el.span(rx.el.strong(title), rx.el.span(text, class_name="quiet small")),
        type="button",
        class_name="way",
        role="radio",
        aria_checked=rx.cond(selected, "true", "false"),
        on_click=DriveState.use_own(own),
    )


def _selector() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.input(
                type="search",
                placeholder="Search your folders",
                aria_label="Search your folders",
                default_value=DriveState.search,
                on_change=DriveState.look_for.debounce(300),
            ),
            class_name="field",
        ),
        rx.cond(
            DriveState.choices.length() > 0,
            rx.el.ul(
                rx.foreach(DriveState.choices, _choice),
                rx.cond(
                    DriveState.cursor != "",
                    rx.el.li(
                        rx.el.button(
                            "Show more",
                            type="button",
                            class_name="button plain",
                            on_click=DriveState.show_more,
                        )
                    ),
                ),
                class_name="pick-list short",
            ),
            rx.cond(
                DriveState.wrong == "",
                rx.el.p(
                    rx.cond(
                        DriveState.search == "",
                        "There is no folder in this Drive yet.",
                        "No folder of this name.",
                    ),
                    class_name="quiet small pick-none",
                ),
            ),
        ),
        class_name="stack close",
    )


def _choice(one: rx.vars.ObjectVar[ChoiceRow]) -> rx.Component:
    selected = DriveState.chosen.id == one.id
    return rx.el.li(
        rx.el.button(
            rx.icon("folder", size=18),
            rx.el.span(rx.el.strong(one.name), rx.el.span(one.where, class_name="quiet small")),
            rx.cond(selected, rx.icon("check", size=18)),
            type="button",
            aria_pressed=rx.cond(selected, "true", "false"),
            on_click=DriveState.choose(one.id),
        )
    )
