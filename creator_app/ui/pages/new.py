"""What would you like to make?"""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.state.recipes import RecipesState
from creator_app.ui.components.elements import waiting_files
from creator_app.ui.components.recipe_card import recipe_card
from creator_app.ui.components.status import bone, empty
from creator_app.ui.layout import page_head, shell

ROUTE = "/new"
TITLE = "Create · Creator"
ON_LOAD = [AccountState.load, RecipesState.load]


def page() -> rx.Component:
    """The recipes; a picture may be dropped first and the recipe chosen after."""
    return shell(
        page_head("What would you like to make?"),
        rx.el.div(
            waiting_files(),
            rx.cond(
                RecipesState.loaded,
                rx.cond(
                    RecipesState.cards.length() > 0,
                    rx.el.ul(rx.foreach(RecipesState.cards, recipe_card), class_name="cards"),
                    empty("layers", "No recipes yet.", "Whoever runs this Creator has not published any."),
                ),
                rx.el.div(
                    *[bone("260px", radius="14px") for _ in range(6)], class_name="cards", aria_busy=True
                ),
            ),
            class_name="stack",
            custom_attrs={"data-takes-files": ""},
        ),
        here="create",
    )
