"""Sign-in and sign-up: plain forms, so that they work whatever else is going on."""

import reflex as rx

from creator_app.ui.components.elements import form_error, link, next_page, plain_form
from creator_app.ui.layout import brand


def gate(title: str, lead: str, form: rx.Component, other: rx.Component) -> rx.Component:
    """The page around such a form."""
    return rx.el.div(
        rx.el.header(brand(), class_name="top"),
        rx.el.main(rx.el.h1(title), rx.el.p(lead, class_name="quiet"), form, other),
        class_name="gate",
    )


def auth_form(action: str, button: str, *fields: rx.Component) -> rx.Component:
    """A form that posts to the REST interface and is answered with another page."""
    return plain_form(
        form_error(),
        *fields,
        next_page(),
        rx.el.button(button, type="submit", class_name="button main large wide"),
        method="post",
        action=action,
    )


def field(
    label: str, name: str, kind: str, autocomplete: str, help_text: str = "", **props: object
) -> rx.Component:
    """A labelled text field."""
    described = {"aria-describedby": f"{name}-help"} if help_text else {}
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.input(
            id=name,
            name=name,
            type=kind,
            auto_complete=autocomplete,
            custom_attrs=described,
            **{"required": True, **props},
        ),
        rx.el.p(help_text, id=f"{name}-help", class_name="quiet tiny") if help_text else rx.fragment(),
        class_name="field",
    )


def other_way(question: str, label: str, to: str) -> rx.Component:
    """The way to the other form."""
    way = link(label, to=to, class_name="linklike", custom_attrs={"data-keeps-next": ""})
    return rx.el.p(question, " ", way, class_name="small quiet")
