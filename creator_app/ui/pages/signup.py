"""Create an account."""

import reflex as rx

from creator_app.ui.components.gate import auth_form, field, gate, other_way

ROUTE = "/signup"
TITLE = "Create an account · Creator"


def page() -> rx.Component:
    """The form."""
    form = auth_form(
        "/api/v1/auth/register",
        "Create account",
        field("E-mail", "email", "email", "username", auto_focus=True),
        field("Password", "password", "password", "new-password", "At least 8 characters.", min_length=8),
        _setup_code(),
    )
    return gate(
        "Create an account",
        "Then drop in your first picture.",
        form,
        other_way("Have an account?", "Log in", "/login"),
    )


def _setup_code() -> rx.Component:
    return rx.el.details(
        rx.el.summary("I was given a code"),
        rx.el.div(
            field(
                "Code",
                "setup_code",
                "text",
                "one-time-code",
                "The one Creator printed when it first started.",
                required=False,
            ),
            class_name="inside",
        ),
        class_name="fold",
    )
