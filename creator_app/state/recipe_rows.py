"""Rows of recipes: cards, and the fields of a form."""

from dataclasses import dataclass, field
from typing import Any

from creator_app.services import recipes
from creator_app.services.job_view import people_seconds
from creator_app.services.recipe_inputs import people_megapixels
from creator_app.state.rows import people_credits


@dataclass
class CardRow:
    """A recipe to choose."""

    slug: str = ""
    title: str = ""
    description: str = ""
    cost: str = ""
    before_url: str = ""
    after_url: str = ""


@dataclass
class RecipeRow:
    """The recipe of a form."""

    slug: str = ""
    title: str = ""
    description: str = ""
    cost: str = ""
    megapixels: str = ""


@dataclass
class ChoiceRow:
    """One choice of a field."""

    value: str = ""
    label: str = ""


@dataclass
class FieldRow:
    """A field of a form; numbers are written out, so that "none" is an empty text."""

    name: str = ""
    label: str = ""
    help: str = ""
    type: str = "text"
    default: str = ""
    min: str = ""
    max: str = ""
    choices: list[ChoiceRow] = field(default_factory=list)
    required: bool = False
    advanced: bool = False


def card_row(card: recipes.RecipeCard) -> CardRow:
    """The row of one recipe."""
    return CardRow(
        slug=card.slug,
        title=card.title,
        description=card.description,
        cost=people_credits(card.credits),
        before_url=f"/api/v1/recipes/{card.slug}/example/before",
        after_url=f"/api/v1/recipes/{card.slug}/example/after",
    )


def recipe_row(detail: recipes.RecipeDetail, expected_s: float | None) -> tuple[RecipeRow, list[FieldRow]]:
    """A recipe and its fields.

    Args:
        detail: the recipe.
        expected_s: how long it usually takes, in seconds; ``None`` before its first run.
    """
    manifest = detail.manifest
    cost = people_credits(manifest.credits)
    if manifest.credits:
        cost += " a picture"  # several at once become a job each
    if expected_s is not None:
        cost = f"{cost} · about {people_seconds(expected_s)}"
    row = RecipeRow(
        slug=manifest.slug,
        title=manifest.title,
        description=manifest.description,
        cost=cost,
        megapixels=people_megapixels(manifest.limits.pixels),
    )
    return row, [field_row(one) for one in manifest.inputs]


def field_row(one: Any) -> FieldRow:
    """The row of one input of a recipe."""
    return FieldRow(
        name=one.name,
        label=one.label,
        help=one.help or "",
        type=str(one.type),
        default=_text(one.default),
        min=_text(one.min),
        max=_text(one.max),
        choices=[ChoiceRow(str(value), str(value)) for value in one.choices or []],
        required=bool(one.required),
        advanced=bool(one.advanced),
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
