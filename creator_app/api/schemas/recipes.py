"""Recipes on the wire: what people may choose and give, nothing of the workflow behind it."""

from typing import Any

from pydantic import BaseModel

from creator_app.domain.recipe import Manifest, RecipeInput


class ExampleView(BaseModel):
    """Addresses of the example pictures."""

    before: str
    after: str


class RecipeSummary(BaseModel):
    """A recipe in a list."""

    slug: str
    title: str
    description: str
    credits: int
    example: ExampleView


class InputView(BaseModel):
    """Something that a recipe takes."""

    name: str
    label: str
    help: str
    type: str
    default: Any = None
    min: float | None = None
    max: float | None = None
    choices: list[str] | None = None
    required: bool
    advanced: bool

    @classmethod
    def of(cls, one: RecipeInput) -> "InputView":
        """The view of one input."""
        return cls(**one.model_dump(mode="json", include=set(cls.model_fields)))


class LimitsView(BaseModel):
    """How much a recipe takes: ``pixels`` is width times height, ``seconds`` the longest run."""

    pixels: int
    files: int
    seconds: float


class RecipeView(RecipeSummary):
    """A recipe with all that its form needs."""

    inputs: list[InputView]
    outputs: list[str]
    limits: LimitsView
    expected_seconds: float | None

    @classmethod
    def of(cls, manifest: Manifest, expected_seconds: float | None) -> "RecipeView":
        """The view of a recipe.

        Args:
            manifest: the recipe.
            expected_seconds: how long it usually takes; ``None`` before its first run.
        """
        return cls(
            **manifest.model_dump(include={"slug", "title", "description", "credits"}),
            example=example_of(manifest.slug),
            inputs=[InputView.of(one) for one in manifest.inputs],
            outputs=[one.label for one in manifest.outputs],
            limits=LimitsView(**manifest.limits.model_dump(include=set(LimitsView.model_fields))),
            expected_seconds=expected_seconds,
        )


class RecipeList(BaseModel):
    """The recipes, in the operator's order."""

    items: list[RecipeSummary]
    next_cursor: str | None = None


def example_of(slug: str) -> ExampleView:
    """Where a recipe's example pictures are."""
    base = f"/api/v1/recipes/{slug}/example"
    return ExampleView(before=f"{base}/before", after=f"{base}/after")
