"""Log in."""

import reflex as rx

from creator_app.ui.components.gate import auth_form, field, gate, other_way

ROUTE = "/login"
TITLE = "Log in · Creator"


def page() -> rx.Component:
    """The form."""
    form = auth_form(
        "/api/v1/auth/login",
        "Log in",
        field("E-mail", "email", "email", "username", auto_focus=True),
        field("Password", "password", "password", "current-password"),
    )
    return gate(
        "Log in",
        "Your pictures are where you left them.",
        form,
        other_way("New here?", "Create an account", "/signup"),
    )
