"""The first page: one sentence, one real before and after, three ways in."""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.ui.components.elements import before_after, link
from creator_app.ui.layout import brand

ROUTE = "/"
TITLE = "Creator"
ON_LOAD = [AccountState.greet]


def page() -> rx.Component:
    """For strangers; who is signed in is taken to the recipes."""
    return rx.el.div(
        rx.el.header(
            brand(),
            rx.el.div(
                link("Log in", to="/login", class_name="button plain"),
                link("Create an account", to="/signup", class_name="button"),
                class_name="row",
            ),
            class_name="top",
        ),
        rx.el.main(_words(), _example(), _ways(), class_name="landing"),
    )


def _words() -> rx.Component:
    return rx.el.div(
        rx.el.h1(rx.el.span("Drop a picture in. "), rx.el.span("Take a better one away.")),
        rx.el.p(
            "Choose what you want made of it, watch it being made, compare, download. "
            "You pay only if you get a file.",
            class_name="lead",
        ),
        link("Try it", to="/signup?next=/new", class_name="button main large"),
        class_name="words",
    )


def _example() -> rx.Component:
    return rx.el.figure(
        rx.el.div(
            before_after(
                "/landing/before.webp", "/landing/after.webp", "a sample picture", still=True, fill=True
            ),
            class_name="show",
        ),
        rx.el.figcaption(
            "A sample picture and what Film look made of it. Drag the line, or use the arrow keys.",
            class_name="quiet small",
        ),
    )


def _ways() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Three ways to drop", class_name="hidden-visually"),
        rx.el.ul(
            _way(
                "image-up",
                "On the page",
                "Drop one picture or two hundred anywhere on it. Each becomes a job you can watch.",
            ),
            _way(
                "terminal",
                "From the command line",
                "One command takes your files, shows how far each is, and leaves the results in a folder.",
            ),
            _way(
                "webhook",
                "From your own program",
                "A plain REST interface with keys, live events, and the same results.",
            ),
            class_name="ways",
        ),
    )


def _way(icon: str, title: str, text: str) -> rx.Component:
    return rx.el.li(rx.icon(icon), rx.el.h3(title), rx.el.p(text, class_name="quiet small"))
