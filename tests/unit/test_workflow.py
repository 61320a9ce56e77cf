"""Workflow graphs: what is found wrong with them, how they are filled in, and what their steps are called."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from creator_app.domain.formulas import Size
from creator_app.domain.recipe import Manifest, read_manifest
from creator_app.domain.steps import OTHERWISE, step_sentence
from creator_app.domain.workflow import fill, find_problems, with_prefix

MANIFEST = """
slug = "frame"
title = "Frame"
description = "Scales a picture."

[[inputs]]
name = "image"
label = "Your picture"
type = "image"
node = "1"
input = "image"
required = true

[[inputs]]
name = "side"
label = "Side"
type = "number"
default = 900
min = 1
max = 2000

[[inputs]]
name = "method"
label = "Method"
type = "choice"
choices = ["lanczos", "area"]
default = "lanczos"
node = "2"
input = "upscale_method"

[[computed]]
node = "2"
input = "width"
value = "fit_width(image, side, side) * 1.0"

[[outputs]]
node = "3"
label = "Picture"
"""

GRAPH: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "2": {
        "class_type": "ImageScale",
        "inputs": {
            "image": ["1", 0],
            "upscale_method": "area",
            "width": 512,
            "height": 0,
            "crop": "disabled",
        },
    },
    "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "ComfyUI"}},
}


def manifest(before: str = "", after: str = "") -> Manifest:
    return read_manifest(MANIFEST.replace(before, after, 1) if before else MANIFEST)


def changed(node: str, **inputs: Any) -> dict[str, Any]:
    graph = copy.deepcopy(GRAPH)
    graph[node]["inputs"] |= inputs
    return graph


def test_a_good_workflow_has_no_problems() -> None:
    assert find_problems(GRAPH, manifest()) == []


@pytest.mark.parametrize(
    ("workflow", "words"),
    [
        ({}, "no workflow"),
        ([], "no workflow"),
        ({"nodes": [], "links": []}, "Export (API)"),
        ({"1": {"inputs": {}}}, 'node "1" lacks'),
        ({"1": "LoadImage"}, 'node "1" lacks'),
        (changed("2", image=["9", 0]), 'is linked to node "9", which is missing'),
        (changed("2", image=["3", 0]), "in a circle"),
        (changed("2", width=["1", 0]), "would cut the link"),
        ({name: node for name, node in GRAPH.items() if name != "3"}, 'names node "3"'),
        (GRAPH | {"4": {"class_type": "LoadImageMask", "inputs": {"image": "../../secret.png"}}}, "reads"),
        (GRAPH | {"4": {"class_type": "LoadImage", "inputs": {"image": "C:\\x.png"}}}, "reads"),
    ],
)
def test_what_is_wrong_with_a_workflow_is_named(workflow: Any, words: str) -> None:
    found = find_problems(workflow, manifest())
    assert any(words in problem for problem in found)
    assert all(problem.endswith(".") and ":" in problem for problem in found)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('node = "2"', 'node = "7"', 'names node "7"'),
        ('input = "width"', 'input = "wide"', "has: image, upscale_method, width"),
        ("min = 1\n", "min = 0\n", ""),
        (
            '"fit_width(image, side, side) * 1.0"',
            '"1 / (side - 1)"',
            "does not work for every picture and choice",
        ),
        ('"fit_width(image, side, side) * 1.0"', "'pick(method, \"area\", 1)'", "does not work"),
    ],
)
def test_a_manifest_that_does_not_fit_its_workflow_is_told(before: str, after: str, words: str) -> None:
    found = find_problems(GRAPH, manifest(before, after))
    assert any(words in problem for problem in found) if words else found == []


def test_filling_in_sets_files_values_and_formulas_in_a_copy() -> None:
    original = copy.deepcopy(GRAPH)
    values = {"image": Size(3000, 1500), "side": 600.0, "method": "lanczos"}
    filled = fill(GRAPH, manifest(), values, {"image": "job-1/photo (1).png"})
    assert filled["1"]["inputs"]["image"] == "job-1/photo (1).png"
    assert filled["2"]["inputs"]["upscale_method"] == "lanczos"
    assert filled["2"]["inputs"]["width"] == 600
    assert isinstance(filled["2"]["inputs"]["width"], int)
    assert original == GRAPH


def test_what_was_not_given_stays_as_the_workflow_has_it() -> None:
    filled = fill(GRAPH, manifest(), {"image": Size(10, 10), "side": 5}, {"image": "a.png"})
    assert filled["2"]["inputs"]["upscale_method"] == "area"


def test_every_saving_node_gets_the_job_s_prefix() -> None:
    graph = GRAPH | {"4": {"class_type": "SaveAnimatedWEBP", "inputs": {"filename_prefix": "x"}}}
    marked = with_prefix(graph, "jobs/42")
    assert [marked[node]["inputs"]["filename_prefix"] for node in ("3", "4")] == ["jobs/42"] * 2
    assert GRAPH["3"]["inputs"]["filename_prefix"] == "ComfyUI"


def test_steps_are_said_in_plain_words() -> None:
    assert step_sentence("ImageScale") == "Resizing your picture"
    assert step_sentence("KSampler") == "Drawing"
    assert step_sentence("SomebodysCustomNode") == OTHERWISE


def test_every_node_of_the_built_in_engine_has_its_words() -> None:
    listed = Path(__file__).parents[1] / "data" / "comfyui" / "model_free_nodes.json"
    known = json.loads(listed.read_text())["nodes"]
    assert [name for name in known if step_sentence(name) == OTHERWISE] == []


def test_a_file_that_may_be_left_out_would_open_the_servers_own() -> None:
    optional = read_manifest(MANIFEST.replace("required = true", "required = false"))
    (problem,) = find_problems(GRAPH, optional)
    assert 'input "image"' in problem
    assert "required = true" in problem
