"""Drop folders, for operators: how quickly dropped files are begun."""

import reflex as rx

from creator_app.state.operator import OperatorState


def folders_section() -> rx.Component:
    """The time from a drop to the start of its job."""
    return rx.el.section(
        rx.el.h2("Drop folders", id="drop-folders"),
        rx.el.p(OperatorState.lag, class_name="numbers"),
        rx.el.p(
            "Counted from the time at which a place says that a file came, or else was first seen.",
            class_name="quiet small",
        ),
        class_name="stack",
        aria_labelledby="drop-folders",
    )
