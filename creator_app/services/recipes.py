"""Recipes: what can be made, what each asks for, and the workflow that a job sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from creator_app.domain.formulas import FormulaError, Size
from creator_app.domain.recipe import Manifest
from creator_app.domain.workflow import Workflow, compute, fill, with_prefix
from creator_app.domain.workflow_safety import UnsafeWorkflow, check_before_sending
from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.models import Asset, Recipe, RecipeVersion
from creator_app.repositories.recipe_versions import RecipeVersionRepository
from creator_app.repositories.recipes import RecipeRepository
from creator_app.services import abilities
from creator_app.services.recipe_folders import (
    RecipeFolder,
    check_folder,
    example_path,
    read_folder,
    read_shipped,
    shipped_folder,
    shipped_folders,
)
from creator_app.services.recipe_inputs import check_inputs
from creator_app.services.unit_of_work import Work

__all__ = [
    "PreparedJob",
    "RecipeCard",
    "RecipeDetail",
    "build_workflow",
    "check_folder",
    "example_path",
    "get_recipe",
    "import_folder",
    "list_recipes",
    "prepare",
    "read_folder",
    "shipped_folder",
    "sync_shipped",
]


class RecipeCard(BaseModel):
    """A recipe in a list."""

    slug: str
    title: str
    description: str
    credits: int


@dataclass(frozen=True)
class RecipeDetail:
    """A recipe with all that its form needs.

    Attributes:
        recipe: its row.
        version: the version that new jobs use.
        manifest: that version's manifest.
    """

    recipe: Recipe
    version: RecipeVersion
    manifest: Manifest


@dataclass(frozen=True)
class PreparedJob:
    """What a job will do: every value checked, every seed drawn.

    Attributes:
        recipe_version_id: immutable, so that a repeat gives the same.
        slug: the recipe's name for programs.
        title: and for people.
        inputs: each value by its input's name; a file is ``{asset_id, filename, width, height}``.
        price_credits: what it will cost if it succeeds.
    """

    recipe_version_id: UUID
    slug: str
    title: str
    inputs: dict[str, Any]
    price_credits: int


def sync_shipped(work: Work) -> None:
    """Brings the recipes that come with Creator into the database; what is there already stays."""
    rows = RecipeVersionRepository(work.session).current()
    known = {recipe.slug: version.hash for recipe, version in rows}
    for position, folder in enumerate(shipped_folders()):
        found = read_shipped(folder)
        if known.get(found.manifest.slug) == found.hash:
            continue
        try:
            with work.session.begin_nested():
                _publish(work, found, position)
        except IntegrityError:  # another process brought it at this very moment
            _publish(work, found, position)


def import_folder(work: Work, path: Path) -> Recipe:
    """Publishes the recipe in a folder; a changed one becomes a new version, jobs keep the one they had.

    Raises:
        InvalidInput: the recipe is not right; the message names each file, key and what to do.
        Conflict: its slug belongs to a recipe that comes with Creator.
    """
    found = read_folder(path)
    shipped = next((one for one in shipped_folders() if one.name == found.manifest.slug), None)
    if shipped is not None and read_shipped(shipped).hash != found.hash:
        raise Conflict(
            f'"{found.manifest.slug}" is a recipe that comes with Creator.',
            hint='Give yours another "slug" in recipe.toml.',
        )
    return _publish(work, found, RecipeVersionRepository(work.session).next_position())


def list_recipes(work: Work) -> list[RecipeCard]:
    """The recipes that people can choose, in the operator's order."""
    return [
        RecipeCard(
            slug=recipe.slug,
            title=recipe.title,
            description=version.manifest["description"],
            credits=version.manifest["credits"],
        )
        for recipe, version in RecipeVersionRepository(work.session).current(enabled=True)
    ]


def get_recipe(work: Work, slug: str) -> RecipeDetail:
    """A recipe that people can choose.

    Raises:
        NotFound: there is none of this name, or it was switched off.
    """
    found = RecipeVersionRepository(work.session).of_slug(slug)
    if found is None:
        raise NotFound(
            f'There is no recipe called "{slug[:64]}".', hint="See the list of recipes for what there is."
        )
    recipe, version = found
    return RecipeDetail(recipe, version, Manifest.model_validate(version.manifest))


def prepare(work: Work, slug: str, values: Mapping[str, Any], assets: Mapping[str, Asset]) -> PreparedJob:
    """Checks everything that was given for a job.

    Args:
        work: a transaction.
        slug: the recipe.
        values: the inputs that are no files, by name, as JSON or as texts; what is left out gets its default.
        assets: the files, by input name.

    Raises:
        NotFound: there is no such recipe.
        InvalidInput: something does not fit; ``fields`` says what, by input name.
    """
    detail = get_recipe(work, slug)
    manifest = detail.manifest
    inputs = check_inputs(manifest, values, assets)
    _try_formulas(manifest, inputs)
    return PreparedJob(detail.version.id, detail.recipe.slug, detail.recipe.title, inputs, manifest.credits)


def build_workflow(
    version: RecipeVersion, inputs: Mapping[str, Any], uploaded: Mapping[str, str], filename_prefix: str
) -> Workflow:
    """The prompt that a ComfyUI server gets.

    Args:
        version: the recipe's version that the job was made with.
        inputs: the job's inputs as `prepare` gave them.
        uploaded: what the server calls each uploaded file, by input name.
        filename_prefix: how its results' names begin; each job's own, or a cached result is taken for it.

    Raises:
        InvalidInput: a formula cannot be worked out for these inputs, or the prompt would read a file that
            was not uploaded for this job: such a one is never sent.
    """
    manifest = Manifest.model_validate(version.manifest)
    try:
        filled = fill(version.workflow, manifest, _formula_values(inputs), uploaded)
    except FormulaError as error:
        raise _not_workable() from error
    prompt = with_prefix(filled, filename_prefix)
    try:
        check_before_sending(prompt, version.workflow, set(uploaded.values()))
    except UnsafeWorkflow as error:
        raise InvalidInput(
            f"This job was not sent to a server: {error}.",
            hint="Tell the person who runs this site: the recipe must be mended.",
        ) from error
    return prompt


def _publish(work: Work, found: RecipeFolder, position: int) -> Recipe:
    recipes, versions = RecipeRepository(work.session), RecipeVersionRepository(work.session)
    manifest = found.manifest
    known = recipes.find_all(slug=manifest.slug, limit=1)
    if known:
        recipe = known[0]
    else:
        recipe = recipes.create(Recipe(slug=manifest.slug, title=manifest.title, position=position))
    version = versions.of_hash(recipe.id, found.hash)
    if version is None:
        version = versions.create(
            RecipeVersion(
                recipe_id=recipe.id,
                hash=found.hash,
                manifest=manifest.model_dump(mode="json"),
                workflow=found.workflow,
            )
        )
        abilities.judge(work, version)
    return recipes.update(recipe, current_version_id=version.id, title=manifest.title)


def _formula_values(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: Size(value.get("width") or 1, value.get("height") or 1) if isinstance(value, Mapping) else value
        for name, value in inputs.items()
    }


def _try_formulas(manifest: Manifest, inputs: Mapping[str, Any]) -> None:
    try:
        list(compute(manifest, _formula_values(inputs)))
    except FormulaError as error:
        raise _not_workable() from error


def _not_workable() -> InvalidInput:
    return InvalidInput(
        "This recipe cannot be worked out for this picture and these settings.",
        hint="Try other settings, or tell the person who runs this site.",
    )
