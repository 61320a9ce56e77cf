"""Details of nodes that no recorded picture shows."""

from __future__ import annotations

import numpy as np
import pytest


def _solid(color: int, width: int, height: int) -> dict:
    size = {"width": width, "height": height, "batch_size": 1, "color": color}
    return {"class_type": "EmptyImage", "inputs": size}


def _shown(engine, prompt) -> np.ndarray:
    prompt["show"] = {"class_type": "PreviewImage", "inputs": {"images": ["out", 0]}}
    entry = engine.run(prompt)
    assert entry["status"]["status_str"] == "success", entry["status"]["messages"][-1]
    return np.asarray(engine.view(entry["outputs"]["show"]["images"][0]))


@pytest.mark.parametrize(("direction", "shape"), [("right", (20, 24, 3)), ("down", (32, 12, 3))])
def test_beside_coloured_spacing_pictures_of_other_sizes_are_centred_on_black(engine, direction, shape):
    options = {"direction": direction, "match_image_size": False, "spacing_width": 2, "spacing_color": "blue"}
    stitch = {"image1": ["1", 0], "image2": ["2", 0], **options}
    prompt = {"1": _solid(0xFF0000, 12, 10), "2": _solid(0x00FF00, 10, 20)}
    prompt["out"] = {"class_type": "ImageStitch", "inputs": stitch}
    pixels = _shown(engine, prompt)
    assert pixels.shape == shape
    assert tuple(pixels[0, 0]) == ((0, 0, 0) if direction == "right" else (255, 0, 0))
    assert tuple(pixels[10, 12] if direction == "right" else pixels[10, 5]) == (0, 0, 255)


@pytest.mark.parametrize(
    ("mode", "level"),
    [
        ("normal", 204),
        ("multiply", 81),
        ("screen", 225),
        ("overlay", 163),
        ("soft_light", 137),
        ("difference", 0),
    ],
)
def test_blend_modes(engine, mode, level):
    blend = {"image1": ["1", 0], "image2": ["2", 0], "blend_factor": 1.0, "blend_mode": mode}
    prompt = {"1": _solid(0x666666, 8, 8), "2": _solid(0xCCCCCC, 8, 8)}
    prompt["out"] = {"class_type": "ImageBlend", "inputs": blend}
    assert abs(int(_shown(engine, prompt)[0, 0, 0]) - level) <= 1


def test_a_grown_mask_has_tapered_corners(engine):
    prompt = {
        "small": {"class_type": "SolidMask", "inputs": {"value": 1.0, "width": 1, "height": 1}},
        "empty": {"class_type": "SolidMask", "inputs": {"value": 0.0, "width": 9, "height": 9}},
        "dot": {
            "class_type": "MaskComposite",
            "inputs": {
                "destination": ["empty", 0],
                "source": ["small", 0],
                "x": 4,
                "y": 4,
                "operation": "add",
            },
        },
        "grown": {
            "class_type": "GrowMask",
            "inputs": {"mask": ["dot", 0], "expand": 2, "tapered_corners": True},
        },
        "out": {"class_type": "MaskToImage", "inputs": {"mask": ["grown", 0]}},
    }
    set_pixels = _shown(engine, prompt)[..., 0] == 255
    assert set_pixels.sum() == 13
    assert not set_pixels[2, 2]


def test_colours_come_back_from_yuv(engine):
    prompt = {
        "1": _solid(0x3070B0, 8, 8),
        "2": {"class_type": "ImageRGBToYUV", "inputs": {"image": ["1", 0]}},
        "out": {"class_type": "ImageYUVToRGB", "inputs": {"Y": ["2", 0], "U": ["2", 1], "V": ["2", 2]}},
    }
    assert np.abs(_shown(engine, prompt)[0, 0].astype(int) - (0x30, 0x70, 0xB0)).max() <= 1


def test_a_list_runs_the_next_node_once_per_entry(engine):
    prompt = {
        "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 5, "color": 9}},
        "2": {"class_type": "RebatchImages", "inputs": {"images": ["1", 0], "batch_size": 2}},
        "3": {"class_type": "GetImageSize", "inputs": {"image": ["2", 0]}},
        "4": {"class_type": "PreviewAny", "inputs": {"source": ["3", 2]}},
    }
    assert engine.run(prompt)["outputs"]["4"] == {"text": ["2", "2", "1"]}
