"""Recipes in a real database: shipped ones, imported ones, and what is said to bad input."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlmodel import SQLModel, col, func, select

from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.infrastructure.database import Database
from creator_app.models import Recipe, RecipeVersion
from creator_app.services import recipes
from creator_app.services.unit_of_work import Work
from tests.integration.recipe_world import SLUGS, World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.database.engine.dispose()


def test_shipped_recipes_come_once_and_in_their_order(world: World) -> None:
    with world.work() as work:
        recipes.sync_shipped(work)
    with world.work() as work:
        assert [card.slug for card in recipes.list_recipes(work)] == SLUGS
        assert work.session.exec(select(func.count(col(RecipeVersion.id)))).one() == len(SLUGS)
        assert len(SLUGS) >= 7
        detail = recipes.get_recipe(work, "story")
        assert detail.manifest.inputs[0].name == "image"


def test_a_recipe_that_is_not_there_or_switched_off_is_not_found(world: World) -> None:
    with world.work() as work, pytest.raises(NotFound):
        recipes.get_recipe(work, "no-such-recipe")
    with world.work() as work:
        row = work.session.exec(select(Recipe).where(Recipe.slug == "story")).one()
        row.enabled = False
        work.session.add(row)
    with world.work() as work, pytest.raises(NotFound):
        recipes.get_recipe(work, "story")


def test_what_was_given_is_kept_with_defaults_and_sizes(world: World) -> None:
    asset = world.asset(4000, 3000)
    prepared = world.prepare("story", {"margin": "40", "background": "white"}, image=asset)
    picture = {"asset_id": str(asset.id), "filename": "photo.png", "width": 4000, "height": 3000}
    assert prepared.inputs == {"image": picture, "background": "White", "position": "Centre", "margin": 40}
    assert (prepared.slug, prepared.title, prepared.price_credits) == ("story", "Story", 1)


def test_every_mistake_is_named_at_once(world: World) -> None:
    values = {"margin": 999, "background": "Plaid", "colour": "red", "position": {"x": 1}}
    with pytest.raises(InvalidInput) as caught:
        world.prepare("story", values, extra=world.asset())
    fields = caught.value.fields
    assert fields is not None
    assert set(fields) == {"image", "margin", "background", "colour", "position", "extra"}
    assert fields["image"] == "Choose a picture."
    assert fields["margin"] == "Enter a number from 0 to 200. You entered 999."
    assert "Margin: Enter a number" in caught.value.message


@pytest.mark.parametrize(
    ("width", "height", "kind", "words"),
    [
        (9000, 9000, "image/png", "81.0 megapixels"),
        (5, 900, "image/png", "only 5 × 900"),
        (100, 100, "video/mp4", "must be a picture"),
    ],
)
def test_pictures_beyond_the_recipe_s_limits_are_refused(
    world: World, width: int, height: int, kind: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        world.prepare("story", {}, image=world.asset(width, height, kind))
    assert caught.value.fields is not None
    assert words in caught.value.fields["image"]


def test_files_and_values_are_not_taken_for_each_other(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        world.prepare("story", {"image": "photo.png"}, margin=world.asset())
    assert caught.value.fields is not None
    assert set(caught.value.fields) == {"image", "margin"}


SEEDED = """
slug = "grain"
title = "Grain"
description = "Tries a seed."
[[inputs]]
name = "image"
label = "Your picture"
type = "image"
node = "1"
input = "image"
required = true
[[inputs]]
name = "seed"
label = "Seed"
type = "seed"
node = "2"
input = "width"
max = 500
[[outputs]]
node = "3"
label = "Picture"
"""


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "grain"
    folder.mkdir()
    (folder / "recipe.toml").write_text(SEEDED, "utf-8")
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "x.png"}},
        "2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "width": 8, "height": 8}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }
    (folder / "workflow_api.json").write_text(json.dumps(graph), "utf-8")
    return folder


def test_a_changed_recipe_is_a_new_version_and_jobs_keep_the_old_one(world: World, own_folder: Path) -> None:
    with world.work() as work:
        first = recipes.import_folder(work, own_folder).current_version_id
        assert recipes.import_folder(work, own_folder).current_version_id == first
    (own_folder / "recipe.toml").write_text(SEEDED.replace("Tries", "Tests"), "utf-8")
    with world.work() as work:
        second = recipes.import_folder(work, own_folder).current_version_id
        assert recipes.list_recipes(work)[-1].description == "Tests a seed."
    assert first is not None
    assert second != first
    assert world.version(first).manifest["description"] == "Tries a seed."


def test_seeds_are_drawn_when_a_job_is_prepared(world: World, own_folder: Path) -> None:
    with world.work() as work:
        recipes.import_folder(work, own_folder)
    drawn = {world.prepare("grain", image=world.asset()).inputs["seed"] for _ in range(12)}
    assert len(drawn) > 1
    assert drawn <= set(range(501))
    assert world.prepare("grain", {"seed": 7}, image=world.asset()).inputs["seed"] == 7


def test_a_folder_that_is_no_recipe_is_refused_and_leaves_nothing(world: World, own_folder: Path) -> None:
    (own_folder / "workflow_api.json").unlink()
    assert recipes.check_folder(own_folder) == ["workflow_api.json: this file is missing in grain. Add it."]
    with world.work() as work, pytest.raises(InvalidInput, match="workflow_api"):
        recipes.import_folder(work, own_folder)
    assert recipes.check_folder(own_folder / "nowhere")[0].endswith("recipe.toml in it.")
    with world.work() as work:
        assert [card.slug for card in recipes.list_recipes(work)] == SLUGS


def test_a_shipped_recipe_s_name_cannot_be_taken(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "story"
    shutil.copytree(recipes.shipped_folder("story"), folder)
    with world.work() as work:
        recipes.import_folder(work, folder)  # the very same is no conflict
    manifest = (folder / "recipe.toml").read_text("utf-8")
    (folder / "recipe.toml").write_text(manifest.replace("credits = 1", "credits = 0"), "utf-8")
    with world.work() as work, pytest.raises(Conflict):
        recipes.import_folder(work, folder)


def test_processes_that_start_together_bring_the_recipes_once(postgres_url: str) -> None:
    database = Database(postgres_url)
    SQLModel.metadata.create_all(database.engine)

    def bring() -> None:
        with database.write() as session:
            recipes.sync_shipped(Work(session))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(bring) for _ in range(4)]:
            done.result()
    with database.read() as session:
        assert [card.slug for card in recipes.list_recipes(Work(session))] == SLUGS
    database.engine.dispose()
