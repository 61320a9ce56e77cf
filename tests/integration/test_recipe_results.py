"""What the recipes that ship make of pictures of every shape, on the built-in engine."""

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
from PIL import Image

from creator_app.domain.workflow import Workflow
from creator_app.services import recipes
from tests.integration.recipe_world import SLUGS, World

DATA = Path(__file__).parent.parent / "data" / "pictures"
ROOT = Path(__file__).parent.parent.parent
SHAPES = [(90, 700), (700, 90), (16, 16)]
FIXED = {
    "youtube-thumbnail": (1280, 720),
    "square-post": (1080, 1080),
    "story": (1080, 1920),
    "product-on-white": (1600, 1600),
}
ALLOWED = {
    "LoadImage",
    "ImageScale",
    "ImageScaleBy",
    "ImageCrop",
    "ImagePadForOutpaint",
    "ImageInvert",
    "ImageBlur",
    "ImageSharpen",
    "ImageBlend",
    "ImageCompositeMasked",
    "ImageBatch",
    "EmptyImage",
    "SolidMask",
    "SaveImage",
    "PreviewImage",
    "MaskToImage",
    "ImageToMask",
    "InvertMask",
    "GrowMask",
    "FeatherMask",
    "ResizeAndPadImage",
}


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(f"sqlite:///{tmp_path_factory.mktemp('recipes') / 'creator.db'}")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("engine")
    command = [sys.executable, "-m", "jobs_worker.embedded_comfyui", "--port", "0", "--dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = re.search(r"http://\S+", process.stdout.readline())
    assert address
    with httpx.Client(base_url=address[0], timeout=60) as client:
        yield client
    process.terminate()
    process.wait(timeout=10)


def made(
    world: World, engine: httpx.Client, slug: str, files: dict[str, Image.Image], **values: Any
) -> Image.Image:
    """What a recipe really makes of pictures."""
    assets, uploaded = {}, {}
    for name, picture in files.items():
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        assets[name] = world.asset(*picture.size)
        answer = engine.post("/upload/image", files={"image": (f"{uuid4()}.png", buffer.getvalue())})
        uploaded[name] = answer.json()["name"]
    prepared = world.prepare(slug, values, **assets)
    version = world.version(prepared.recipe_version_id)
    prompt = recipes.build_workflow(version, prepared.inputs, uploaded, f"tests/{uuid4()}")
    return run(engine, prompt)


def run(engine: httpx.Client, prompt: Workflow) -> Image.Image:
    sent = engine.post("/prompt", json={"prompt": prompt})
    assert (sent.status_code, sent.json().get("node_errors")) == (200, {}), sent.text
    prompt_id = sent.json()["prompt_id"]
    deadline = time.monotonic() + 60
    while prompt_id not in (history := engine.get(f"/history/{prompt_id}").json()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert history[prompt_id]["status"]["status_str"] == "success", history[prompt_id]["status"]
    outputs = [file for node in history[prompt_id]["outputs"].values() for file in node["images"]]
    assert len(outputs) == 1
    return Image.open(io.BytesIO(engine.get("/view", params=outputs[0]).content)).convert("RGB")


def bowl(width: int = 320, height: int = 213) -> Image.Image:
    with Image.open(DATA / "bowl.jpg") as picture:
        return picture.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def cutout() -> Image.Image:
    with Image.open(DATA / "cutout.png") as picture:
        return picture.copy()


def difference(first: Image.Image, second: Image.Image) -> float:
    """Mean difference of two pictures of one size, in levels."""
    assert first.size == second.size
    return float(np.abs(np.asarray(first, float) - np.asarray(second.convert("RGB"), float)).mean())


@pytest.mark.parametrize("slug", SLUGS)
def test_shipped_recipes_are_right_and_use_only_core_nodes(slug: str) -> None:
    folder = recipes.shipped_folder(slug)
    assert recipes.check_folder(folder) == []
    graph = json.loads((folder / "workflow_api.json").read_text("utf-8"))
    assert {node["class_type"] for node in graph.values()} <= ALLOWED
    for side in ("before", "after"):
        path = recipes.example_path(slug, side)
        assert path is not None
        assert path.stat().st_size <= 120_000
        with Image.open(path) as picture:
            assert max(picture.size) <= 960


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}x{shape[1]}")
@pytest.mark.parametrize("slug", SLUGS)
def test_every_recipe_keeps_its_promise_for_every_shape(
    lasting: World, engine: httpx.Client, slug: str, shape: tuple[int, int]
) -> None:
    files = {"image": bowl(*shape)} | ({"logo": cutout()} if slug == "watermark" else {})
    result = made(lasting, engine, slug, files)
    doubled = (shape[0] * 2, shape[1] * 2)
    assert result.size == FIXED.get(slug, doubled if slug == "upscale-2x" else shape)


def test_a_thumbnail_is_the_middle_of_the_picture(lasting: World, engine: httpx.Client) -> None:
    picture = bowl(640, 640)
    expected = picture.crop((0, 140, 640, 500)).resize((1280, 720), Image.Resampling.LANCZOS)
    assert difference(made(lasting, engine, "youtube-thumbnail", {"image": picture}), expected) < 1


@pytest.mark.parametrize(("position", "top"), [("Top", 0), ("Bottom", 280)])
def test_the_part_to_keep_can_be_chosen(
    lasting: World, engine: httpx.Client, position: str, top: int
) -> None:
    picture = bowl(640, 640)
    expected = picture.crop((0, top, 640, top + 360)).resize((1280, 720), Image.Resampling.LANCZOS)
    result = made(lasting, engine, "youtube-thumbnail", {"image": picture}, position=position)
    assert difference(result, expected) < 1


@pytest.mark.parametrize("shape", [(320, 213), (200, 400)])
@pytest.mark.parametrize("background", ["Blurred", "White"])
def test_a_story_shows_the_whole_picture(
    lasting: World, engine: httpx.Client, shape: tuple[int, int], background: str
) -> None:
    picture = bowl(*shape)
    result = made(lasting, engine, "story", {"image": picture}, background=background)
    factor = min(1080 / shape[0], 1920 / shape[1])
    width, height = round(shape[0] * factor), round(shape[1] * factor)
    left, top = round((1080 - width) / 2), round((1920 - height) / 2)
    shown = result.crop((left, top, left + width, top + height))
    assert difference(shown, picture.resize((width, height), Image.Resampling.LANCZOS)) < 1
    assert (min(result.getpixel((3, 3))) > 240) == (background == "White")


def test_a_square_post_can_show_everything(lasting: World, engine: httpx.Client) -> None:
    picture = bowl(320, 160)
    result = made(lasting, engine, "square-post", {"image": picture}, fit="show everything")
    shown = result.crop((0, 270, 1080, 810))
    assert difference(shown, picture.resize((1080, 540), Image.Resampling.LANCZOS)) < 1


def test_a_cut_out_product_stands_on_pure_white(lasting: World, engine: httpx.Client) -> None:
    result = made(lasting, engine, "product-on-white", {"image": cutout()}, shadow="None")
    pixels = np.asarray(result)
    edge = np.concatenate(
        [pixels[:100].reshape(-1, 3), pixels[-100:].reshape(-1, 3), pixels[:, :100].reshape(-1, 3)]
    )
    assert (edge == 255).all()
    assert (pixels.min(axis=2) < 80).mean() > 0.02


def test_a_nearly_white_background_becomes_white_and_the_product_stays(
    lasting: World, engine: httpx.Client
) -> None:
    photo = Image.new("RGB", cutout().size, (238, 240, 236))
    photo.paste(cutout(), (0, 0), cutout())
    cleaned = np.asarray(made(lasting, engine, "product-on-white", {"image": photo}, shadow="None"), int)
    kept = np.asarray(
        made(lasting, engine, "product-on-white", {"image": photo}, shadow="None", clean=False), int
    )
    inside = np.s_[200:1400, 420:520]  # beside the product, within the photo
    assert cleaned[inside].max() - 255 == 0
    assert np.median(cleaned[inside]) >= 254
    assert np.median(kept[inside]) <= 241
    dark = kept.max(axis=2) < 120
    assert np.abs(cleaned[dark] - kept[dark]).mean() < 2


def test_a_soft_background_leaves_the_subject_sharp(lasting: World, engine: httpx.Client) -> None:
    picture = bowl(640, 426)
    result = made(lasting, engine, "soft-background", {"image": picture}, strength="Strong")
    middle, corner = (290, 190, 350, 236), (0, 366, 60, 426)
    assert difference(result.crop(middle), picture.crop(middle)) < 1
    detail = [np.asarray(one.crop(corner).convert("L"), float).std() for one in (result, picture)]
    assert detail[0] < detail[1]


def test_no_strength_of_the_film_look_is_the_picture_itself(lasting: World, engine: httpx.Client) -> None:
    result = made(lasting, engine, "film-look", {"image": bowl()}, strength=0)
    assert difference(result, bowl()) < 0.5
    for look in ("Golden", "Cool", "Faded"):
        assert difference(made(lasting, engine, "film-look", {"image": bowl()}, look=look), bowl()) > 2


def test_a_logo_is_laid_over_one_corner_and_nothing_else(lasting: World, engine: httpx.Client) -> None:
    picture = bowl(640, 426)
    files = {"image": picture, "logo": cutout()}
    result = made(lasting, engine, "watermark", files, corner="Top left", opacity=100)
    assert difference(result.crop((320, 0, 640, 426)), picture.crop((320, 0, 640, 426))) == 0
    spot = (15, 15, 15 + 68, 15 + 85)
    expected = picture.copy()
    logo = cutout().resize((68, 85), Image.Resampling.LANCZOS)
    expected.paste(logo, (15, 15), logo)
    assert difference(result.crop(spot), expected.crop(spot)) < 4
