"""A recipe to choose, with what it does to a picture."""

import reflex as rx

from creator_app.state.recipe_rows import CardRow
from creator_app.ui.components.elements import link


def recipe_card(card: rx.vars.ObjectVar[CardRow]) -> rx.Component:
    """Before and after, the title, one sentence, what it costs; a picture dropped on it is taken along."""
    return rx.el.li(
        link(
            rx.el.span(
                _half(card.before_url, "Before"),
                _half(card.after_url, "After"),
                class_name="pair",
                aria_hidden=True,
            ),
            rx.el.span(
                rx.el.h2(card.title, style={"font_size": "16px"}),
                rx.el.span(card.description, class_name="quiet small"),
                rx.el.span(card.cost, class_name="quiet tiny numbers cost"),
                class_name="words",
            ),
            to=f"/new/{card.slug}",
            class_name="card",
            custom_attrs={"data-recipe-card": card.slug},
        ),
    )


def _half(url: rx.Var[str], word: str) -> rx.Component:
    return rx.el.span(rx.el.img(src=url, alt="", loading="lazy"), rx.el.span(word, class_name="mark"))
