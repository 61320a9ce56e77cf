"""Where a job's results were brought, on the job's page."""

import reflex as rx

from creator_app.state.folder_rows import BroughtRow
from creator_app.state.job import JobState
from creator_app.ui.components.elements import file_link


def brought() -> rx.Component:
    """Nothing for a job that did not come from a folder; else whether its result is back there."""
    return rx.cond(
        JobState.brought.length() > 0,
        rx.el.ul(rx.foreach(JobState.brought, _one), class_name="stack close", aria_label="In your folder"),
    )


def _one(one: rx.vars.ObjectVar[BroughtRow]) -> rx.Component:
    return rx.el.li(
        rx.match(
            one.state,
            ("done", _done(one)),
            ("failed", _stuck(one)),
            rx.cond(one.reason != "", _stuck(one), _line("loader", "On its way into your folder.")),
        )
    )


def _done(one: rx.vars.ObjectVar[BroughtRow]) -> rx.Component:
    return rx.cond(
        one.url != "",
        file_link(rx.icon("folder-check", size=16), "In your folder", to=one.url, class_name="brought"),
        _line("folder-check", f"In your folder: {one.name}"),
    )


def _stuck(one: rx.vars.ObjectVar[BroughtRow]) -> rx.Component:
    return rx.el.div(
        rx.el.strong("Not in your folder yet"),
        rx.el.p(one.reason),
        rx.el.button("Try now", type="button", class_name="linklike", on_click=JobState.bring_again),
        class_name="notice",
        role="status",
    )


def _line(icon: str, words: rx.Var[str] | str) -> rx.Component:
    return rx.el.span(rx.icon(icon, size=16), words, class_name="brought")
