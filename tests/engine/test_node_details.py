"""Details of nodes that no recorded picture shows."""

from __future__ import annotations

import numpy as np
import pytest

from jobs_worker.embedded_comfyui.imaging.limits import TooLargeError
from jobs_worker.embedded_comfyui.mapping import call_node
from jobs_worker.embedded_comfyui.nodes import Node


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


def test_noise_has_the_numbers_of_its_seed(engine):
    """The levels that PyTorch's generator gives for seed 7 on 50 % grey, strength 0.1."""
    noise = {"image": ["1", 0], "seed": 7, "strength": 0.1}
    prompt = {"1": _solid(0x808080, 3, 2), "out": {"class_type": "ImageAddNoise", "inputs": noise}}
    drawn = np.array(
        [
            *(-0.82013452, 0.39563116, 1.92636812, -0.33001173, 0.19844505, 0.78207266),
            *(1.03910768, -0.72451073, -0.84890860, -1.21692944, -1.81572866, -0.34524196),
            *(-2.06147790, 0.67410070, -1.32334578, -1.35976899, -0.86670160, -0.56400669),
        ]
    ).reshape(2, 3, 3)
    expected = (np.clip(128 / 255 + 0.1 * drawn, 0, 1) * 255).astype(int)
    assert np.abs(_shown(engine, prompt) - expected).max() <= 1


@pytest.mark.parametrize(
    ("mode", "level", "transparent"),
    [
        ("ADD", 153, 0.0),
        ("CLEAR", 0, 1.0),
        ("DARKEN", 170, 0.25),
        ("DST", 204, 0.5),
        ("DST_IN", 204, 0.75),
        ("DST_OVER", 170, 0.25),
        ("MULTIPLY", 81, 0.75),
        ("SRC", 102, 0.5),
        ("SRC_OVER", 136, 0.25),
        ("XOR", 153, 0.5),
    ],
)
def test_porter_duff(engine, mode, level, transparent):
    """Two pictures, both half transparent; expected levels by Porter and Duff's formulas."""
    half = {"class_type": "SolidMask", "inputs": {"value": 0.5, "width": 8, "height": 8}}
    layers = {
        "source": ["1", 0],
        "source_alpha": ["m", 0],
        "destination": ["2", 0],
        "destination_alpha": ["m", 0],
    }
    prompt = {"1": _solid(0x666666, 8, 8), "2": _solid(0xCCCCCC, 8, 8), "m": half}
    prompt["p"] = {"class_type": "PorterDuffImageComposite", "inputs": {**layers, "mode": mode}}
    prompt["out"] = {"class_type": "JoinImageWithAlpha", "inputs": {"image": ["p", 0], "alpha": ["p", 1]}}
    pixel = _shown(engine, prompt)[4, 4].astype(int)
    assert abs(pixel[0] - level) <= 1, pixel
    assert abs(pixel[3] - round(255 * (1 - transparent))) <= 1, pixel


def test_edges_are_found_around_a_square(engine):
    prompt = {
        "1": _solid(0x000000, 40, 40),
        "2": _solid(0xFFFFFF, 20, 20),
        "3": {
            "class_type": "ImageCompositeMasked",
            "inputs": {"destination": ["1", 0], "source": ["2", 0], "x": 10, "y": 10, "resize_source": False},
        },
        "out": {
            "class_type": "Canny",
            "inputs": {"image": ["3", 0], "low_threshold": 0.4, "high_threshold": 0.8},
        },
    }
    edges = _shown(engine, prompt)[..., 0] == 255
    assert edges.sum() > 40
    assert not edges[14:26, 14:26].any()
    assert not edges[:8].any()


@pytest.mark.parametrize(
    ("operation", "count"), [("dilate", 36), ("erode", 4), ("gradient", 32), ("open", 16)]
)
def test_morphology(engine, operation, count):
    prompt = {
        "1": _solid(0x000000, 12, 12),
        "2": _solid(0xFFFFFF, 4, 4),
        "3": {
            "class_type": "ImageCompositeMasked",
            "inputs": {"destination": ["1", 0], "source": ["2", 0], "x": 4, "y": 4, "resize_source": False},
        },
        "out": {
            "class_type": "Morphology",
            "inputs": {"image": ["3", 0], "operation": operation, "kernel_size": 3},
        },
    }
    assert (_shown(engine, prompt)[..., 0] == 255).sum() == count


def test_feathering_counts_the_far_sides_as_comfyui_does(engine):
    prompt = {
        "1": {"class_type": "SolidMask", "inputs": {"value": 1.0, "width": 8, "height": 8}},
        "2": {
            "class_type": "FeatherMask",
            "inputs": {"mask": ["1", 0], "left": 0, "top": 0, "right": 4, "bottom": 0},
        },
        "out": {"class_type": "MaskToImage", "inputs": {"mask": ["2", 0]}},
    }
    assert _shown(engine, prompt)[3, :, 0].tolist() == [63, 255, 255, 255, 255, 255, 191, 127]


def test_an_animated_png_keeps_its_texts_behind_the_pixels(engine):
    batch = {"image1": ["a", 0], "image2": ["b", 0]}
    save = {"images": ["1", 0], "filename_prefix": "anim/x", "fps": 8.0, "compress_level": 4}
    prompt = {
        "a": _solid(77, 8, 8),
        "b": _solid(99, 8, 8),
        "1": {"class_type": "ImageBatch", "inputs": batch},
        "2": {"class_type": "SaveAnimatedPNG", "inputs": save},
    }
    shown = engine.run(prompt)["outputs"]["2"]
    assert shown["animated"] == [True]
    content = engine.http.get("/view", params=shown["images"][0]).content
    assert content.index(b"comfprompt\0{") > content.index(b"IDAT")
    picture = engine.view(shown["images"][0])
    picture.seek(1)
    assert (picture.n_frames, picture.info["duration"]) == (2, 125.0)


@pytest.mark.parametrize(
    ("prefix", "subfolder", "start"),
    [
        ("size/%width%x%height%_%year%", "size", "8x4_20"),
        ("deep//er/./x", "deep/er", "x_"),
        ("batch/n%batch_num%", "batch", "n0_"),
        ("slash/", "", "slash_"),
    ],
)
def test_prefixes(engine, prefix, subfolder, start):
    prompt = {"1": _solid(5, 8, 4)}
    prompt["2"] = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": prefix}}
    entry = engine.run(prompt)["outputs"]["2"]["images"][0]
    assert entry["subfolder"] == subfolder
    assert entry["filename"].startswith(start)


def test_a_picture_over_the_limit_is_refused_before_it_takes_memory(engine):
    prompt = {"1": _solid(5, 16384, 16384)}
    prompt["2"] = {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}
    kind, error = engine.run(prompt)["status"]["messages"][-1]
    assert (kind, error["exception_type"], error["node_type"]) == (
        "execution_error",
        "TooLargeError",
        "EmptyImage",
    )
    assert error["exception_message"] == "268 megapixels are too many: the limit is 64.\n"


class Wide(Node):
    """Gives a picture of a gigabyte that takes no memory."""

    OUTPUTS = ("IMAGE",)

    def run(self, run, number):
        return (np.broadcast_to(np.float32(number), (1, 8192, 8192, 4)),)


def test_a_list_may_not_fill_the_memory():
    assert len(call_node(Wide, None, {"number": [1, 2, 3]}).outputs[0]) == 3
    with pytest.raises(TooLargeError):
        call_node(Wide, None, {"number": [1, 2, 3, 4]})
