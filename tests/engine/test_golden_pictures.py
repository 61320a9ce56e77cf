"""The engine's pictures equal those of a real server within 2 levels, and so do their texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

GOLDEN = Path(__file__).parent.parent / "data" / "comfyui" / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/workflow_api.json"))


@pytest.fixture(scope="module", autouse=True)
def inputs_are_uploaded(engine_process):
    folder = engine_process.folder / "input"
    for path in (GOLDEN / "inputs").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())


@pytest.mark.parametrize("case", CASES)
def test_pictures_and_texts_equal_the_recorded_ones(engine, case):
    workflow = json.loads((GOLDEN / case / "workflow_api.json").read_text())
    entry = engine.run(workflow, extra_data={"extra_pnginfo": {"workflow": {"golden": case}}})
    assert entry["status"]["status_str"] == "success", entry["status"]
    made = {one["filename"]: one for shown in entry["outputs"].values() for one in shown["images"]}
    expected = sorted((GOLDEN / case / "outputs").iterdir())
    assert sorted(made) == [path.name for path in expected]
    for path in expected:
        assert made[path.name]["subfolder"] == f"golden/{case}"
        _same(Image.open(path), engine.view(made[path.name]))


def _same(expected: Image.Image, made: Image.Image) -> None:
    frames = getattr(expected, "n_frames", 1)
    assert (made.format, made.mode, made.size) == (expected.format, expected.mode, expected.size)
    assert getattr(made, "n_frames", 1) == frames
    assert getattr(made, "text", None) == getattr(expected, "text", None)
    assert dict(made.getexif()) == dict(expected.getexif())
    for frame in range(frames):
        expected.seek(frame)
        made.seek(frame)
        difference = np.asarray(expected).astype(int) - np.asarray(made).astype(int)
        assert abs(difference).max() <= 2


def test_a_gif_is_a_batch(engine):
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "anim_32x24.gif"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "gif/x"}},
    }
    with Image.open(GOLDEN / "inputs" / "anim_32x24.gif") as gif:
        assert len(engine.run(prompt)["outputs"]["2"]["images"]) == gif.n_frames > 1


def test_without_transparency_the_mask_is_64_by_64_and_empty(engine):
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "gradient_64x48.png"}},
        "2": {"class_type": "MaskPreview", "inputs": {"mask": ["1", 1]}},
    }
    shown = engine.view(engine.run(prompt)["outputs"]["2"]["images"][0])
    assert shown.size == (64, 64)
    assert shown.getextrema() == ((0, 0),) * 3
