"""Latent nodes are plain arithmetic on arrays; what they make is read from files of SaveLatent."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load, save

from jobs_worker.embedded_comfyui.imaging.slerp import slerp_resize

RAMP = np.arange(4 * 16 * 16, dtype=np.float32).reshape(1, 4, 16, 16)
OTHER = np.full((1, 4, 8, 8), 2.0, np.float32)


@pytest.fixture(scope="module", autouse=True)
def files(engine_process):
    mark = {"latent_format_version_0": np.zeros(0, np.float32)}
    folder = engine_process.folder / "input"
    (folder / "ramp.latent").write_bytes(save({"latent_tensor": RAMP, **mark}))
    (folder / "other.latent").write_bytes(save({"latent_tensor": OTHER, **mark}))
    (folder / "old.latent").write_bytes(save({"latent_tensor": OTHER}))


def _file(name: str) -> dict:
    return {"class_type": "LoadLatent", "inputs": {"latent": f"{name}.latent"}}


def _made(engine, class_type: str, **inputs) -> np.ndarray:
    prompt = {
        "ramp": _file("ramp"),
        "other": _file("other"),
        "out": {"class_type": class_type, "inputs": inputs},
        "save": {
            "class_type": "SaveLatent",
            "inputs": {"samples": ["out", 0], "filename_prefix": "latents/x"},
        },
    }
    entry = engine.run(prompt)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    found = entry["outputs"]["save"]["latents"][0]
    assert found["filename"].startswith("x_") and found["filename"].endswith("_.latent")
    content = engine.http.get("/view", params=found).raise_for_status().content
    assert b'"SaveLatent' in content.replace(b"\\", b"")
    return load(content)["latent_tensor"]


ONE, TWO = {"samples": ["ramp", 0]}, {"samples1": ["ramp", 0], "samples2": ["other", 0]}
CROP = {"width": 64, "height": 64, "x": 8, "y": 128}


@pytest.mark.parametrize(
    ("class_type", "inputs", "expected"),
    [
        ("EmptyLatentImage", {"width": 64, "height": 128, "batch_size": 2}, np.zeros((2, 4, 16, 8))),
        ("LatentAdd", TWO, RAMP + 2),
        ("LatentSubtract", TWO, RAMP - 2),
        ("LatentMultiply", {**ONE, "multiplier": -0.5}, RAMP * -0.5),
        ("LatentBatch", TWO, np.concatenate([RAMP, np.full_like(RAMP, 2)])),
        ("LatentFlip", {**ONE, "flip_method": "y-axis: horizontally"}, RAMP[..., ::-1]),
        ("LatentRotate", {**ONE, "rotation": "90 degrees"}, np.rot90(RAMP, axes=(3, 2))),
        ("LatentCrop", {**ONE, **CROP}, RAMP[:, :, 8:16, 1:9]),
        ("LatentFromBatch", {**ONE, "batch_index": 9, "length": 4}, RAMP),
        ("RepeatLatentBatch", {**ONE, "amount": 3}, np.tile(RAMP, (3, 1, 1, 1))),
        ("LatentUpscaleBy", {**ONE, "upscale_method": "nearest-exact", "scale_by": 2.0}, None),
    ],
)
def test_arithmetic(engine, class_type, inputs, expected):
    made = _made(engine, class_type, **inputs)
    if expected is None:
        expected = RAMP.repeat(2, axis=2).repeat(2, axis=3)
    assert made.shape == expected.shape
    assert np.allclose(made, expected)


@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "bislerp"])
def test_every_method_keeps_what_is_the_same_everywhere(engine, method):
    size = {"width": 0, "height": 96, "crop": "center"}
    made = _made(engine, "LatentUpscale", samples=["other", 0], upscale_method=method, **size)
    assert made.shape == (1, 4, 12, 12)
    assert np.allclose(made, 2.0)


def test_vectors_are_turned_and_keep_their_length():
    """Expected values: a quarter turn in four steps."""
    samples = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32).reshape(1, 2, 1, 2)
    turned = slerp_resize(samples, 4, 1)[0, :, 0]
    angles = np.radians([0.0, 22.5, 67.5, 90.0])
    assert np.allclose(turned, [np.cos(angles), np.sin(angles)], atol=1e-6)


def test_a_composite_fades_where_it_lies_inside(engine):
    place = {"samples_to": ["ramp", 0], "samples_from": ["other", 0], "x": 32, "y": 0, "feather": 16}
    made = _made(engine, "LatentComposite", **place)
    weight = np.ones((8, 8))
    weight[-1], weight[:, 0], weight[:, -1] = 0.5, 0.5, 0.5
    weight[-1, [0, -1]] = 0.25
    expected = RAMP.copy()
    expected[:, :, :8, 4:12] = 2 * weight + RAMP[:, :, :8, 4:12] * (1 - weight)
    assert np.allclose(made, expected)


def test_files_of_former_versions_are_scaled(engine):
    prompt = {
        "1": _file("old"),
        "2": {"class_type": "SaveLatent", "inputs": {"samples": ["1", 0], "filename_prefix": "latents/old"}},
    }
    found = engine.run(prompt)["outputs"]["2"]["latents"][0]
    content = engine.http.get("/view", params=found).content
    assert np.allclose(load(content)["latent_tensor"], 2.0 / 0.18215)


def test_a_latent_over_the_limit_is_refused(engine):
    size = {"width": 16384, "height": 16384, "batch_size": 4096}
    prompt = {
        "1": {"class_type": "EmptyLatentImage", "inputs": size},
        "2": {"class_type": "SaveLatent", "inputs": {"samples": ["1", 0], "filename_prefix": "latents/big"}},
    }
    last = engine.run(prompt)["status"]["messages"][-1]
    assert last[0] == "execution_error"
    assert last[1]["exception_type"] == "TooLargeError"
