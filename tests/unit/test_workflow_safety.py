"""A workflow reads what Creator uploaded for the job, and nothing else on the server."""

import copy
from typing import Any

import pytest

from creator_app.domain.graph import Workflow
from creator_app.domain.workflow_safety import (
    UnsafeWorkflow,
    check_before_sending,
    leads_outside,
    reading_problems,
)

RECIPE: Workflow = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "example.png", "upload": "image"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}},
    "3": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "XL\\base.safetensors"}},
}
FED = {("1", "image")}
UPLOADED = "creator/7/photo.png"


def prompt(**changes: tuple[str, Any]) -> Workflow:
    changed = copy.deepcopy(RECIPE)
    changed["1"]["inputs"]["image"] = UPLOADED
    for node, (key, value) in changes.items():
        changed[node[1:]]["inputs"][key] = value
    return changed


@pytest.mark.parametrize(
    "value",
    [
        "../../etc/passwd",
        "creator/7/../8/photo.png",
        "..\\..\\x.png",
        "a\\..\\b.png",
        "/etc/passwd",
        " /etc/passwd",
        "\\\\nas\\share\\x.png",
        "C:\\x.png",
        "c:/x.png",
        "~/x.png",
        "~root/.ssh/id",
        "file:///etc/passwd",
        "x.png [output]",
        "x.png [temp] ",
        "x.png[INPUT]",
        "..",
        "a\x00.png",
    ],
)
def test_names_that_leave_their_folder(value: str) -> None:
    assert leads_outside(value)
    for changes in ({"n1": ("image", value)}, {"n2": ("text", value)}, {"n3": ("filename_prefix", value)}):
        with pytest.raises(UnsafeWorkflow):
            check_before_sending(prompt(**changes), RECIPE, {UPLOADED, value})
    spoilt = prompt(n2=("text", value))
    assert list(reading_problems(spoilt, FED))


@pytest.mark.parametrize(
    "value",
    [
        "a cat (masterpiece:1.2), and/or a dog...",
        "\\(girl\\), [red|blue] hair",
        "wait.. what",
        "creator/7/photo.png",
        "SDXL\\base.safetensors",
        "[cat]",
        "16:9",
        "10 - 20 ~ 30",
        "",
    ],
)
def test_words_are_no_paths(value: str) -> None:
    assert not leads_outside(value)
    check_before_sending(prompt(n2=("text", value)), RECIPE, {UPLOADED})


def test_a_prompt_with_what_was_uploaded_may_go() -> None:
    check_before_sending(prompt(), RECIPE, {UPLOADED})
    assert list(reading_problems(RECIPE, FED)) == []


def test_a_recipes_example_picture_is_no_upload() -> None:
    with pytest.raises(UnsafeWorkflow, match="not uploaded"):
        check_before_sending(RECIPE, RECIPE, {UPLOADED})


def test_the_file_of_another_job_is_no_upload() -> None:
    with pytest.raises(UnsafeWorkflow, match="not uploaded"):
        check_before_sending(prompt(n1=("image", "creator/8/photo.png")), RECIPE, {UPLOADED})


LOADERS: list[tuple[str, dict[str, Any]]] = [
    ("LoadImage", {"image": "a.png"}),
    ("LoadImageMask", {"image": "a.png", "channel": "alpha"}),
    ("LoadImageOutput", {"image": "a.png [output]"}),
    ("LoadAudio", {"audio": "a.mp3"}),
    ("LoadVideo", {"file": "a.mp4"}),
    ("Load3D", {"model_file": "3d/a.glb", "width": 64}),
    ("Load3DAnimation", {"model_file": "3d/a.glb"}),
    ("LoadLatent", {"latent": "a.latent"}),
    ("VHS_LoadVideo", {"video": "a.mp4", "force_size": "Disabled"}),
    ("VHS_LoadVideoPath", {"video": "input/a.mp4"}),
    ("VHS_LoadImages", {"directory": "frames"}),
    ("VHS_LoadAudio", {"audio_file": "input/a.mp3"}),
    ("Image Load", {"image_path": "a.png", "RGBA": "false"}),
    ("Load Image Batch", {"path": "pictures", "pattern": "*"}),
    ("LoadImageFromUrl", {"url": "http://169.254.169.254/x"}),
    ("LoadImage", {"image": ["9", 0]}),
    ("AnotherLoadImageNode", {"surprise": "sub/a.png"}),
]


@pytest.mark.parametrize(("class_type", "inputs"), LOADERS)
def test_a_node_that_loads_files_must_be_fed(class_type: str, inputs: dict[str, Any]) -> None:
    workflow = RECIPE | {"5": {"class_type": class_type, "inputs": inputs}}
    (problem, *_) = reading_problems(workflow, FED)
    assert problem.startswith(f'node "5" ({class_type}), input "{next(iter(inputs))}"')
    sent = prompt() | {"5": workflow["5"]}
    with pytest.raises(UnsafeWorkflow):
        check_before_sending(sent, workflow, {UPLOADED})


@pytest.mark.parametrize(
    "inputs",
    [
        {"audio": UPLOADED, "audioUI": "/api/view?filename=a.mp3"},
        {"video": UPLOADED, "videopreview": {"params": {"filename": "a.mp4", "format": "video/mp4"}}},
        {"video": UPLOADED, "force_size": "Disabled", "format": "AnimateDiff", "frame_load_cap": 0},
    ],
)
def test_what_the_page_keeps_for_itself_is_no_file(inputs: dict[str, Any]) -> None:
    workflow: Workflow = {"1": {"class_type": "VHS_LoadVideo", "inputs": inputs}}
    assert list(reading_problems(workflow, {("1", "audio"), ("1", "video")})) == []
    check_before_sending(workflow, workflow, {UPLOADED})


@pytest.mark.parametrize(
    ("class_type", "inputs"),
    [
        ("CheckpointLoaderSimple", {"ckpt_name": "a.safetensors"}),
        ("LoraLoader", {"lora_name": "style/a.safetensors"}),
        ("UpscaleModelLoader", {"model_name": "4x.pth"}),
        ("ImageOnlyCheckpointLoader", {"ckpt_name": "svd.safetensors"}),
        ("LatentUpscaleModelLoader", {"model_name": "a.safetensors"}),
        ("AudioEncoderLoader", {"audio_encoder_name": "a.safetensors"}),
    ],
)
def test_models_are_not_files_of_people(class_type: str, inputs: dict[str, Any]) -> None:
    assert list(reading_problems({"1": {"class_type": class_type, "inputs": inputs}}, set())) == []


def test_our_prefix_may_take_the_place_of_a_link() -> None:
    recipe = copy.deepcopy(RECIPE)
    recipe["3"]["inputs"]["filename_prefix"] = ["2", 0]
    check_before_sending(prompt(), recipe, {UPLOADED})


def changed_class() -> Workflow:
    return prompt() | {"2": {**RECIPE["2"], "class_type": "EvilNode"}}


def one_more_node() -> Workflow:
    return prompt() | {"9": {"class_type": "PreviewAny", "inputs": {}}}


def one_more_input() -> Workflow:
    return prompt(n2=("extra", 1))


def a_new_link() -> Workflow:
    return prompt(n2=("text", ["1", 0]))


def a_lost_link() -> Workflow:
    return prompt(n3=("images", "x"))


def another_link() -> Workflow:
    return prompt(n3=("images", ["2", 0]))


def a_nested_link() -> Workflow:
    return prompt(n2=("text", {"a": ["1", 0]}))


@pytest.mark.parametrize(
    "spoil",
    [
        changed_class,
        one_more_node,
        one_more_input,
        a_new_link,
        a_lost_link,
        another_link,
        a_nested_link,
        lambda: {},
    ],
)
def test_only_the_recipes_own_graph_is_sent(spoil: Any) -> None:
    with pytest.raises(UnsafeWorkflow):
        check_before_sending(spoil(), RECIPE, {UPLOADED})
