"""Nodes that change a picture's colours or sharpness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from ..imaging.blur import blur
from ..imaging.convert import FloatArray, adopt_channels, bands, from_picture, to_picture
from ..imaging.dither import ordered_dither
from ..imaging.resample import resize
from .base import IMAGE, Node, Run, combo, inputs, integer, node, number

_Blend = Callable[[FloatArray, FloatArray], FloatArray]


@node("ImageInvert", "Invert Image", "image")
class ImageInvert(Node):
    REQUIRED = inputs(image=IMAGE)
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray) -> tuple[Any, ...]:
        return (np.float32(1.0) - image,)


@node("ImageBlur", None, "image/postprocessing", "post_processing")
class ImageBlur(Node):
    REQUIRED = inputs(image=("IMAGE", {}), blur_radius=integer(1, 1, 31), sigma=number(1.0, 0.1, 10.0, 0.1))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, blur_radius: int, sigma: float) -> tuple[Any, ...]:
        return (blur(image, blur_radius, sigma),)


@node("ImageSharpen", None, "image/postprocessing", "post_processing")
class ImageSharpen(Node):
    REQUIRED = inputs(
        image=("IMAGE", {}),
        sharpen_radius=integer(1, 1, 31),
        sigma=number(1.0, 0.1, 10.0),
        alpha=number(1.0, 0.0, 5.0),
    )
    OUTPUTS = ("IMAGE",)

    def run(
        self, run: Run, image: FloatArray, sharpen_radius: int, sigma: float, alpha: float
    ) -> tuple[Any, ...]:
        strength = np.float32(alpha * 10)
        result = blur(image, sharpen_radius, sigma)
        for one, sharp in zip(image, result, strict=True):
            for part in bands(one.shape):
                detail = one[part] - sharp[part]
                detail *= strength
                detail += one[part]
                np.clip(detail, 0, 1, out=sharp[part])
        return (result,)


@node("ImageBlend", None, "image/postprocessing", "post_processing")
class ImageBlend(Node):
    REQUIRED = inputs(
        image1=("IMAGE", {}),
        image2=("IMAGE", {}),
        blend_factor=number(0.5, 0.0, 1.0),
        blend_mode=combo("normal", "multiply", "screen", "overlay", "soft_light", "difference"),
    )
    OUTPUTS = ("IMAGE",)

    def run(
        self, run: Run, image1: FloatArray, image2: FloatArray, blend_factor: float, blend_mode: str
    ) -> tuple[Any, ...]:
        image2 = adopt_channels(image1, image2)
        if image1.shape[1:3] != image2.shape[1:3]:
            image2 = resize(image2, image1.shape[2], image1.shape[1], "bicubic", "center")
        if 1 not in (image1.shape[0], image2.shape[0]) and image1.shape[0] != image2.shape[0]:
            raise ValueError(
                f"Batches of {image1.shape[0]} and {image2.shape[0]} pictures cannot be blended."
            )
        count = max(image1.shape[0], image2.shape[0])
        blend = _BLENDS[blend_mode]
        result = np.empty((count, *image1.shape[1:]), np.float32)
        for number_in_batch in range(count):
            first = image1[number_in_batch % image1.shape[0]]
            second = image2[number_in_batch % image2.shape[0]]
            _mix(blend, first, second, np.float32(blend_factor), result[number_in_batch])
        return (result,)


def _mix(
    blend: _Blend, first: FloatArray, second: FloatArray, factor: np.float32, result: FloatArray
) -> None:
    for part in bands(first.shape):
        blended = blend(first[part], second[part])
        mixed = np.multiply(first[part], 1 - factor, out=result[part])
        mixed += blended * factor
        np.clip(mixed, 0, 1, out=mixed)


def _overlay(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.where(first <= 0.5, 2 * first * second, 1 - 2 * (1 - first) * (1 - second))


def _soft_light(first: FloatArray, second: FloatArray) -> FloatArray:
    positive = np.maximum(first, 0)
    curve = np.where(first <= 0.25, ((16 * first - 12) * first + 4) * first, np.sqrt(positive))
    darker = first - (1 - 2 * second) * first * (1 - first)
    return np.where(second <= 0.5, darker, first + (2 * second - 1) * (curve - first))


_BLENDS: dict[str, _Blend] = {
    "normal": lambda first, second: second,
    "multiply": lambda first, second: first * second,
    "screen": lambda first, second: 1 - (1 - first) * (1 - second),
    "overlay": _overlay,
    "soft_light": _soft_light,
    "difference": lambda first, second: first - second,
}


@node("ImageQuantize", None, "image/postprocessing", "post_processing")
class ImageQuantize(Node):
    REQUIRED = inputs(
        image=("IMAGE", {}),
        colors=integer(256, 1, 256),
        dither=combo("none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"),
    )
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, colors: int, dither: str) -> tuple[Any, ...]:
        result = np.empty((*image.shape[:3], 3), np.float32)
        for number_in_batch, one in enumerate(image):
            run.check_interrupt()
            picture = to_picture(one).convert("RGB")
            result[number_in_batch] = from_picture(_quantize(picture, colors, dither))
        return (result,)


def _quantize(picture: Image.Image, colors: int, dither: str) -> Image.Image:
    palette = picture.quantize(colors=colors)
    if dither.startswith("bayer-"):
        found = len(palette.getpalette() or ()) // 3  # may be fewer than were asked for
        picture = ordered_dither(picture, found, int(dither.removeprefix("bayer-")))
        dither = "none"
    method = Image.Dither.NONE if dither == "none" else Image.Dither.FLOYDSTEINBERG
    return picture.quantize(colors=colors, palette=palette, dither=method).convert("RGB")
