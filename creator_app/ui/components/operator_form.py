"""The form of a new server."""

import reflex as rx

from creator_app.state.operator import OperatorState


def add_server() -> rx.Component:
    """The button, and the form that it opens. What is typed stays in the browser until it is sent."""
    return rx.dialog.root(
        rx.dialog.trigger(
            rx.el.button(rx.icon("plus", size=16), "Add a server", type="button", class_name="button main")
        ),
        rx.dialog.content(
            rx.dialog.title("Add a server", class_name="dialog-title"),
            rx.dialog.description(
                "A ComfyUI that this machine can reach. It gets jobs as soon as it answers.",
                class_name="dialog-text",
            ),
            rx.el.form(
                _field(
                    "Address",
                    "address",
                    required=True,
                    placeholder="http://192.168.1.20:8188",
                    type="text",
                    input_mode="url",
                    auto_complete="off",
                    spell_check=False,
                ),
                rx.el.div(
                    _field(
                        "Name",
                        "name",
                        about="What you call it; may stay empty.",
                        type="text",
                        max_length=80,
                        auto_complete="off",
                    ),
                    _field(
                        "Slots",
                        "slots",
                        about="Jobs at a time. ComfyUI runs one.",
                        type="number",
                        default_value="1",
                        min="1",
                        max="64",
                        required=True,
                    ),
                    class_name="pair-of-fields",
                ),
                rx.el.details(
                    rx.el.summary("It is behind a password"),
                    rx.el.div(
                        rx.el.div(
                            _field("User", "user", type="text", auto_complete="off"),
                            _field("Password", "password", type="password", auto_complete="new-password"),
                            class_name="pair-of-fields",
                        ),
                        _field(
                            "Or a header",
                            "header",
                            about="Both are stored encrypted and never shown again.",
                            type="text",
                            placeholder="Authorization: Bearer …",
                            auto_complete="off",
                            spell_check=False,
                        ),
                        class_name="inside stack near",
                    ),
                    class_name="fold",
                ),
                rx.el.p(OperatorState.wrong, class_name="wrong", role="alert"),
                rx.el.div(
                    rx.dialog.close(rx.el.button("Cancel", type="button", class_name="button")),
                    rx.el.button("Add", type="submit", class_name="button main"),
                    class_name="row end",
                ),
                on_submit=OperatorState.add,
                class_name="stack near",
            ),
            class_name="dialog",
        ),
        open=OperatorState.adding,
        on_open_change=OperatorState.show_form,
    )


def _field(label: str, name: str, *, about: str = "", **props: object) -> rx.Component:
    described = {"aria-describedby": f"new-{name}-help"} if about else {}
    return rx.el.div(
        rx.el.label(label, html_for=f"new-{name}"),
        rx.el.input(id=f"new-{name}", name=name, custom_attrs=described, **props),
        rx.el.p(about, id=f"new-{name}-help", class_name="quiet tiny") if about else rx.fragment(),
        class_name="field",
    )
