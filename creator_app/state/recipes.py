"""The recipes to choose from, and the form of one."""

import re

import reflex as rx

from creator_app.errors import NotFound
from creator_app.services import job_view, recipes
from creator_app.services.unit_of_work import Work
from creator_app.state.recipe_rows import CardRow, FieldRow, RecipeRow, card_row, recipe_row
from creator_app.state.session import reading, require_user

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class RecipesState(rx.State):
    """What can be made."""

    cards: rx.Field[list[CardRow]] = rx.field(default_factory=list)
    loaded: bool = False

    @rx.event
    async def load(self) -> None:
        """Reads the recipes."""
        await require_user(self)
        self.cards = await reading(_cards)
        self.loaded = True


class RecipeState(rx.State):
    """The recipe that the address names."""

    recipe: RecipeRow = RecipeRow()
    pictures: rx.Field[list[FieldRow]] = rx.field(default_factory=list)
    simple: rx.Field[list[FieldRow]] = rx.field(default_factory=list)
    advanced: rx.Field[list[FieldRow]] = rx.field(default_factory=list)
    loaded: bool = False
    missing: bool = False

    @rx.event
    async def load(self) -> None:
        """Reads the recipe; a former one must not shine through meanwhile."""
        await require_user(self)
        slug = self.router.url.path.rstrip("/").rsplit("/", 1)[-1]
        if self.recipe.slug != slug:
            self.recipe, self.loaded = RecipeRow(), False
        try:
            self.recipe, fields = await reading(lambda work: _recipe(work, slug))
        except NotFound:
            self.missing, self.loaded = True, True
            return
        self.pictures = [row for row in fields if row.type == "image"]
        self.simple = [row for row in fields if row.type != "image" and not row.advanced]
        self.advanced = [row for row in fields if row.type != "image" and row.advanced]
        self.missing, self.loaded = False, True


def _cards(work: Work) -> list[CardRow]:
    return [card_row(card) for card in recipes.list_recipes(work)]


def _recipe(work: Work, slug: str) -> tuple[RecipeRow, list[FieldRow]]:
    if not _SLUG.fullmatch(slug):
        raise NotFound("There is no such recipe.")
    detail = recipes.get_recipe(work, slug)
    return recipe_row(detail, job_view.expected_seconds(work, detail.version.id))
