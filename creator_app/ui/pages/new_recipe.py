"""A new job: drop a picture, set a few things, create."""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.state.recipes import RecipeState
from creator_app.ui.components.elements import job_form, link
from creator_app.ui.components.fields import picture_field, value_field
from creator_app.ui.components.status import bone, empty
from creator_app.ui.layout import shell

ROUTE = "/new/[recipe]"
TITLE = "Create · Creator"
ON_LOAD = [AccountState.load, RecipeState.load]


def page() -> rx.Component:
    """The drop zone, the fields, the price and the button."""
    return shell(
        link(rx.icon("chevron-left"), "All recipes", to="/new", class_name="crumb"),
        rx.cond(RecipeState.loaded, rx.cond(RecipeState.missing, _missing(), _recipe()), _skeleton()),
        here="create",
    )


def _recipe() -> rx.Component:
    recipe = RecipeState.recipe
    return rx.fragment(
        rx.el.header(
            rx.el.div(
                rx.el.h1(recipe.title),
                rx.el.p(recipe.description, class_name="quiet"),
                class_name="stack close",
            ),
            class_name="head",
        ),
        job_form(
            rx.el.form(
                rx.el.div(
                    rx.foreach(
                        RecipeState.pictures,
                        lambda field, index: picture_field(field, index, RecipeState.recipe.megapixels),
                    ),
                    class_name="stack near",
                ),
                _side(),
                class_name="make",
                no_validate=True,
                custom_attrs={"data-recipe": recipe.slug},
            ),
            key=recipe.slug,
        ),
    )


def _side() -> rx.Component:
    return rx.el.div(
        rx.foreach(RecipeState.simple, value_field),
        rx.cond(
            RecipeState.advanced.length() > 0,
            rx.el.details(
                rx.el.summary("Advanced"),
                rx.el.div(rx.foreach(RecipeState.advanced, value_field), class_name="stack near inside"),
                class_name="fold",
            ),
        ),
        rx.el.div(custom_attrs={"data-says": ""}),
        rx.el.div(custom_attrs={"data-sending": ""}),
        rx.el.div(
            rx.el.div(
                rx.el.span(RecipeState.recipe.cost, class_name="numbers"),
                rx.el.span("Charged only if you get a file.", class_name="quiet tiny"),
                class_name="stack",
                style={"gap": "0"},
            ),
            rx.el.button("Create", type="submit", class_name="button main large"),
            class_name="end",
        ),
        class_name="stack",
    )


def _missing() -> rx.Component:
    return empty(
        "image-off",
        "There is no such recipe.",
        "It may have been taken back by whoever runs this Creator.",
        link("See all recipes", to="/new", class_name="button main"),
    )


def _skeleton() -> rx.Component:
    return rx.el.div(
        bone("360px", radius="16px"),
        rx.el.div(bone("44px"), bone("44px"), bone("48px"), class_name="stack"),
        class_name="make",
        aria_busy=True,
    )
