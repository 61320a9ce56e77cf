"""For those who run this Creator: its servers and the line. Each section is a component of its own."""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.state.operator import OperatorState
from creator_app.ui.components.elements import pulse, tab_title
from creator_app.ui.components.operator_folders import folders_section
from creator_app.ui.components.operator_line import line_section
from creator_app.ui.components.operator_servers import servers_section
from creator_app.ui.components.status import bone
from creator_app.ui.layout import page_head, shell
from creator_app.ui.pages import not_found

ROUTE = "/operator"
TITLE = "Operator · Creator"
ON_LOAD = [AccountState.load, OperatorState.load]

#: Further ones go here, in the order in which they are shown.
SECTIONS = (servers_section, line_section, folders_section)


def page() -> rx.Component:
    """The sections, for admins; to anybody else there is nothing here."""
    return rx.cond(OperatorState.missing, _nothing_here(), _shown())


def _shown() -> rx.Component:
    sections = rx.el.div(*[section() for section in SECTIONS], class_name="stack far operator")
    return shell(
        page_head("Operator"),
        rx.cond(
            OperatorState.loaded,
            rx.fragment(
                sections,
                rx.cond(
                    OperatorState.busy, pulse(OperatorState.reload, 3000), pulse(OperatorState.reload, 10000)
                ),
            ),
            _skeleton(),
        ),
        here="operator",
    )


def _nothing_here() -> rx.Component:
    return rx.fragment(tab_title(not_found.TITLE), not_found.page())


def _skeleton() -> rx.Component:
    return rx.el.div(
        bone("32px", "30%"), *[bone("168px") for _ in range(2)], class_name="stack near", aria_busy=True
    )
