"""Recipes: what can be made, and what each takes."""

from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from creator_app.api.dependencies import CreatorDep, RecipeReader
from creator_app.api.schemas.recipes import RecipeList, RecipeSummary, RecipeView, example_of
from creator_app.errors import NotFound
from creator_app.services import job_view, recipes

router = APIRouter(prefix="/recipes", tags=["recipes"])

_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/*": {}}}}


@router.get("")
def list_recipes(caller: RecipeReader, creator: CreatorDep) -> RecipeList:
    """What can be made."""
    with creator.uow.read() as work:
        cards = recipes.list_recipes(work)
    items = [
        RecipeSummary(
            slug=card.slug,
            title=card.title,
            description=card.description,
            credits=card.credits,
            example=example_of(card.slug),
        )
        for card in cards
    ]
    return RecipeList(items=items)


@router.get("/{slug}")
def get_recipe(slug: str, caller: RecipeReader, creator: CreatorDep) -> RecipeView:
    """One recipe, with what it takes."""
    with creator.uow.read() as work:
        detail = recipes.get_recipe(work, slug)
        return RecipeView.of(detail.manifest, job_view.expected_seconds(work, detail.version.id))


@router.get("/{slug}/example/{side}", response_class=Response, responses=_PICTURE)
def example(
    slug: str, side: Literal["before", "after"], caller: RecipeReader, creator: CreatorDep
) -> FileResponse:
    """What the recipe makes of an example picture."""
    with creator.uow.read() as work:
        recipes.get_recipe(work, slug)
    path = recipes.example_path(slug, side)
    if path is None:
        raise NotFound("This recipe has no example picture.", hint="Try it with a picture of your own.")
    return FileResponse(path, headers={"Cache-Control": "private, max-age=3600"})
