"""Signs for a job's state; each goes with a word."""

import reflex as rx


def dot(status: rx.Var[str]) -> rx.Component:
    """A dot that breathes while the job lives."""
    tone = rx.match(
        status,
        ("running", "dot alive"),
        ("saving", "dot alive"),
        ("succeeded", "dot good"),
        ("failed", "dot bad"),
        "dot",
    )
    return rx.el.span(class_name=tone, aria_hidden=True)


def bone(height: str, width: str = "100%", radius: str = "8px") -> rx.Component:
    """A piece of a page that is still being read."""
    return rx.el.div(
        class_name="bone", style={"height": height, "width": width, "border_radius": radius}, aria_hidden=True
    )


def empty(icon: str, title: str, text: str, *actions: rx.Component) -> rx.Component:
    """Says what will be here and offers the one next step."""
    return rx.el.div(
        rx.icon(icon, class_name="sign"),
        rx.el.h2(title),
        rx.el.p(text, class_name="quiet"),
        rx.el.div(*actions, class_name="row"),
        class_name="empty",
    )
