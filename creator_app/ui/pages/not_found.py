"""An address that leads nowhere."""

import reflex as rx

from creator_app.ui.components.elements import link
from creator_app.ui.layout import brand

ROUTE = "404"
TITLE = "Not here · Creator"


def page() -> rx.Component:
    """Says so, and leads on."""
    return rx.el.div(
        rx.el.header(brand(), class_name="top"),
        rx.el.main(
            rx.el.div(
                rx.el.h1("There is nothing at this address."),
                rx.el.p("It may have been deleted, or the link is incomplete.", class_name="quiet"),
                rx.el.div(
                    link("Go to your jobs", to="/jobs", class_name="button main"),
                    link("Create something", to="/new", class_name="button"),
                    class_name="row",
                ),
                class_name="stack",
            ),
        ),
        class_name="gate",
    )
