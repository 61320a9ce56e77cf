"""Nodes that cut, turn, pad or stitch pictures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..imaging.convert import FloatArray, match_channels
from ..imaging.limits import check_size
from ..imaging.resample import resize
from .base import IMAGE, Node, Run, choice, inputs, integer, node, switch

_COLORS = {
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
}


@node("ImageCrop", "Image Crop", "image/transform", "images")
class ImageCrop(Node):
    REQUIRED = inputs(
        image=IMAGE, width=integer(512, 1), height=integer(512, 1), x=integer(0, 0), y=integer(0, 0)
    )
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, width: int, height: int, x: int, y: int) -> tuple[Any, ...]:
        x, y = min(x, image.shape[2] - 1), min(y, image.shape[1] - 1)
        return (image[:, y : y + height, x : x + width].copy(),)


@node("ImageFlip", "ImageFlip", "image/transform", "images")
class ImageFlip(Node):
    REQUIRED = inputs(image=IMAGE, flip_method=choice("x-axis: vertically", "y-axis: horizontally"))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, flip_method: str) -> tuple[Any, ...]:
        return (np.ascontiguousarray(np.flip(image, 1 if flip_method.startswith("x") else 2)),)


@node("ImageRotate", "ImageRotate", "image/transform", "images")
class ImageRotate(Node):
    REQUIRED = inputs(image=IMAGE, rotation=choice("none", "90 degrees", "180 degrees", "270 degrees"))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, rotation: str) -> tuple[Any, ...]:
        if rotation not in _TURNS:
            return (image,)
        return (
            np.stack([cv2.rotate(one, _TURNS[rotation]).reshape(_turned(one, rotation)) for one in image]),
        )


_TURNS = {
    "90 degrees": cv2.ROTATE_90_CLOCKWISE,
    "180 degrees": cv2.ROTATE_180,
    "270 degrees": cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def _turned(one: FloatArray, rotation: str) -> tuple[int, ...]:
    height, width, channels = one.shape
    return (height, width, channels) if rotation.startswith("180") else (width, height, channels)


@node("ImagePadForOutpaint", "Pad Image for Outpainting", "image")
class ImagePadForOutpaint(Node):
    REQUIRED = inputs(
        image=IMAGE,
        left=integer(0, 0, step=8),
        top=integer(0, 0, step=8),
        right=integer(0, 0, step=8),
        bottom=integer(0, 0, step=8),
        feathering=integer(40, 0),
    )
    OUTPUTS = ("IMAGE", "MASK")

    def run(
        self, run: Run, image: FloatArray, left: int, top: int, right: int, bottom: int, feathering: int
    ) -> tuple[Any, ...]:
        batch, height, width, channels = image.shape
        full_height, full_width = height + top + bottom, width + left + right
        check_size(full_width, full_height, batch)
        padded = np.full((batch, full_height, full_width, channels), 0.5, np.float32)
        mask = np.ones((1, full_height, full_width), np.float32)
        inner = np.s_[:, top : top + height, left : left + width]
        padded[inner] = image
        sides = (bool(left), bool(top), bool(right), bool(bottom))
        mask[inner] = _feather(width, height, sides, feathering)
        return padded, mask


def _feather(width: int, height: int, sides: tuple[bool, bool, bool, bool], feathering: int) -> Any:
    """Mask of the old picture: 0 inside, rising to 1 towards the sides that were padded."""
    if feathering <= 0 or feathering * 2 >= height or feathering * 2 >= width:
        return 0.0
    left, top, right, bottom = sides
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    across = np.minimum(columns if left else width, width - columns if right else width)
    down = np.minimum(rows if top else height, height - rows if bottom else height)
    distance = np.minimum(
        np.broadcast_to(across, (width,))[None, :], np.broadcast_to(down, (height,))[:, None]
    )
    return np.clip((feathering - distance) / feathering, 0, None) ** 2


@node("ImageStitch", "Image Stitch", "image/transform", "images")
class ImageStitch(Node):
    DESCRIPTION = (
        "\nStitches image2 to image1 in the specified direction.\n"
        "If image2 is not provided, returns image1 unchanged.\n"
        "Optional spacing can be added between images.\n"
    )
    REQUIRED = inputs(
        image1=IMAGE,
        direction=choice("right", "down", "left", "up", default="right"),
        match_image_size=switch(True),
        spacing_width=integer(0, 0, 1024, step=2),
        spacing_color=choice(*_COLORS, default="white"),
    )
    OPTIONAL = inputs(image2=IMAGE)
    OUTPUTS = ("IMAGE",)

    def run(
        self,
        run: Run,
        image1: FloatArray,
        direction: str,
        match_image_size: bool,
        spacing_width: int,
        spacing_color: str,
        image2: FloatArray | None = None,
    ) -> tuple[Any, ...]:
        if image2 is None:
            return (image1,)
        count = max(image1.shape[0], image2.shape[0])
        first, second = _repeat_last(image1, count), _repeat_last(image2, count)
        across = direction in ("left", "right")
        if match_image_size:
            second = _fit(first, second, across)
        else:
            first, second = _centre_both(first, second, across, spacing_color)
        first, second = match_channels(first, second)
        parts = [first, second] if direction in ("right", "down") else [second, first]
        if spacing_width > 0:
            even_width = spacing_width + spacing_width % 2
            parts.insert(1, _spacer(first, even_width, spacing_color, across))
        axis = 2 if across else 1
        length = sum(part.shape[axis] for part in parts)
        check_size(*((length, first.shape[1]) if across else (first.shape[2], length)), count)
        return (np.concatenate(parts, axis=axis),)


def _repeat_last(image: FloatArray, count: int) -> FloatArray:
    return image[np.minimum(np.arange(count), image.shape[0] - 1)]


def _fit(first: FloatArray, second: FloatArray, across: bool) -> FloatArray:
    height, width = first.shape[1:3]
    other_height, other_width = second.shape[1:3]
    aspect = other_width / other_height
    if across:
        return resize(second, int(height * aspect), height, "lanczos")
    return resize(second, width, int(width / aspect), "lanczos")


def _centre_both(
    first: FloatArray, second: FloatArray, across: bool, color: str
) -> tuple[FloatArray, FloatArray]:
    axis = 1 if across else 2
    want = max(first.shape[axis], second.shape[axis])
    return _pad_to(first, axis, want, color), _pad_to(second, axis, want, color)


def _pad_to(image: FloatArray, axis: int, want: int, color: str) -> FloatArray:
    missing = want - image.shape[axis]
    before, after = missing // 2, missing - missing // 2
    across = axis == 2
    bars = [_bar(image, before, color, across), image, _bar(image, after, color, across)]
    return np.concatenate(bars, axis=axis)


def _bar(like: FloatArray, width: int, color: str, across: bool) -> FloatArray:
    # Only grey fits into one number: beside coloured spacing the bars are black, and transparent.
    level = 1.0 if color == "white" else 0.0
    shape = (*like.shape[:2], width) if across else (like.shape[0], width, like.shape[2])
    return np.full((*shape, like.shape[3]), level, np.float32)


def _spacer(like: FloatArray, width: int, color: str, across: bool) -> FloatArray:
    batch, rows, columns, channels = like.shape
    shape = (batch, rows, width) if across else (batch, width, columns)
    values = (*_COLORS[color], *([1.0] * channels))[:channels]
    return np.broadcast_to(np.array(values, np.float32), (*shape, channels))
