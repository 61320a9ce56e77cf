"""The fields of a recipe's form. They keep their own values: what is typed survives what the server does."""

import reflex as rx

from creator_app.state.recipe_rows import ChoiceRow, FieldRow
from creator_app.ui.components.elements import drop_zone

SAMPLES = ("/samples/mug.jpg", "/samples/logo.png")


def picture_field(
    field: rx.vars.ObjectVar[FieldRow], index: rx.Var[int], megapixels: rx.Var[str]
) -> rx.Component:
    """A drop zone that says how much it takes; the first one takes what is dropped anywhere."""
    return rx.el.div(
        rx.cond(index > 0, rx.el.span(field.label, class_name="label")),
        drop_zone(
            field.name,
            field.label,
            required=field.required,
            primary=index == 0,
            sample=rx.cond(index == 0, *SAMPLES),
            megapixels=megapixels,
        ),
        rx.cond(index > 0, _help(field)),
        _error(field),
        class_name="field",
    )


def value_field(field: rx.vars.ObjectVar[FieldRow]) -> rx.Component:
    """A labelled control that fits the field's type."""
    return rx.el.div(
        rx.cond(
            field.type == "boolean",
            _tick(field),
            rx.fragment(rx.el.label(field.label, html_for=f"field-{field.name}"), _control(field)),
        ),
        _help(field),
        _error(field),
        class_name="field",
    )


def _control(field: rx.vars.ObjectVar[FieldRow]) -> rx.Component:
    return rx.match(
        field.type,
        ("choice", _choice(field)),
        ("integer", _number(field, "1")),
        ("number", _number(field, "any")),
        ("seed", _number(field, "1", placeholder="A new one each time")),
        _text(field),
    )


def _common(field: rx.vars.ObjectVar[FieldRow]) -> dict[str, object]:
    return {
        "id": f"field-{field.name}",
        "name": field.name,
        "custom_attrs": {"data-kind": field.type, "aria-describedby": f"help-{field.name}"},
    }


def _choice(field: rx.vars.ObjectVar[FieldRow]) -> rx.Component:
    return rx.el.select(
        rx.foreach(field.choices, _option), default_value=field.default, key=field.name, **_common(field)
    )


def _option(choice: rx.vars.ObjectVar[ChoiceRow]) -> rx.Component:
    return rx.el.option(choice.label, value=choice.value)


def _number(field: rx.vars.ObjectVar[FieldRow], step: str, placeholder: str = "") -> rx.Component:
    return rx.el.input(
        type="number",
        step=step,
        min=field.min,
        max=field.max,
        default_value=field.default,
        placeholder=placeholder,
        input_mode="decimal" if step == "any" else "numeric",
        **_common(field),
    )


def _text(field: rx.vars.ObjectVar[FieldRow]) -> rx.Component:
    return rx.el.input(type="text", default_value=field.default, **_common(field))


def _tick(field: rx.vars.ObjectVar[FieldRow]) -> rx.Component:
    box = rx.el.input(type="checkbox", default_checked=field.default == "true", **_common(field))
    return rx.el.label(box, field.label, class_name="tick")


def _help(field: rx.vars.ObjectVar[FieldRow]) -> rx.Component:
    return rx.el.p(field.help, id=f"help-{field.name}", class_name="quiet tiny")


def _error(field: rx.vars.ObjectVar[FieldRow]) -> rx.Component:
    return rx.el.p(class_name="wrong", role="alert", custom_attrs={"data-error-for": field.name})
