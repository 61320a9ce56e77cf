"""The frame around pages: a slim side bar, which becomes a bottom bar on a phone."""

import reflex as rx
from reflex.style import set_color_mode

from creator_app.state.account import AccountState
from creator_app.ui.components.elements import link

MARK = (
    '<svg viewBox="0 0 32 32" aria-hidden="true">'
    '<path fill="currentColor" d="M6 5h8.5v22H6a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2Z"/>'
    '<path fill="var(--orange-9)" d="M17.5 5H26a2 2 0 0 1 2 2v18a2 2 0 0 1-2 2h-8.5Z"/></svg>'
)


def brand(to: str = "/") -> rx.Component:
    """The mark and the name, a link home."""
    mark = rx.el.span(custom_attrs={"dangerouslySetInnerHTML": {"__html": MARK}}, style={"display": "flex"})
    return link(mark, "Creator", to=to, class_name="brand")


def shell(*children: rx.Component, here: str) -> rx.Component:
    """A page of somebody who is signed in.

    Args:
        children: what the page shows.
        here: which place of the navigation it belongs to, e.g. ``jobs``.
    """
    return rx.el.div(
        rx.el.a("Go to the content", href="#main", class_name="skip"),
        offline_line(),
        rx.el.header(
            brand("/new"),
            rx.el.nav(
                rx.el.ul(
                    rx.el.li(_place("Create", "/new", "plus", here == "create")),
                    rx.el.li(_place("Jobs", "/jobs", "layers", here == "jobs")),
                    rx.el.li(_place("Folders", "/folders", "folder", here == "folders")),
                    rx.cond(
                        AccountState.is_admin,
                        rx.el.li(
                            _place("Operator", "/operator", "server", here == "operator"), class_name="apart"
                        ),
                    ),
                ),
                aria_label="Main",
            ),
            rx.el.div(_account_menu(), class_name="side-end"),
            class_name="side",
        ),
        rx.el.main(rx.el.div(*children, class_name="content"), id="main", tab_index=-1),
        class_name="shell",
    )


def offline_line() -> rx.Component:
    """One quiet line while the server cannot be reached."""
    return rx.el.div("Reconnecting… your jobs go on.", class_name="offline", role="status", hidden=True)


def page_head(title: rx.Component | str, *beside: rx.Component) -> rx.Component:
    """The page's title, and what stands at the end of its line."""
    return rx.el.header(rx.el.h1(title), *beside, class_name="head")


def _place(label: str, to: str, icon: str, current: bool) -> rx.Component:
    attrs = {"aria-current": "page"} if current else {}
    return link(rx.icon(icon), rx.el.span(label), to=to, class_name="place", custom_attrs=attrs)


def _account_menu() -> rx.Component:
    return rx.menu.root(
        rx.menu.trigger(
            rx.el.button(
                rx.icon("circle-user-round"),
                rx.el.span(AccountState.email, class_name="who mail"),
                rx.el.span("Account", class_name="short"),
                type="button",
                class_name="place",
            )
        ),
        rx.menu.content(
            rx.el.p(AccountState.email, class_name="menu-label"),
            _look("Light", "light", "sun"),
            _look("Dark", "dark", "moon"),
            _look("Like my device", "system", "monitor"),
            rx.menu.separator(),
            rx.menu.item(rx.icon("log-out", size=16), "Log out", on_select=_log_out()),
            class_name="menu",
            variant="soft",
            color_scheme="gray",
        ),
    )


def _look(label: str, mode: str, icon: str) -> rx.Component:
    return rx.menu.item(rx.icon(icon, size=16), label, on_select=set_color_mode(mode))


def _log_out() -> rx.event.EventSpec:
    # A form, not a fetch: the answer is a full page load, which also renews what the tab's websocket knows.
    return rx.call_script(
        "const f = document.createElement('form'); f.method = 'post'; f.action = '/api/v1/auth/logout';"
        "document.body.append(f); f.requestSubmit();"
    )
