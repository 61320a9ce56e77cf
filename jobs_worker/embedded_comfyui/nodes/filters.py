"""Nodes that change a picture's colours or sharpness."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from ..imaging.blur import blur
from ..imaging.convert import FloatArray, adopt_channels, from_picture, repeat_to, to_picture
from ..imaging.dither import ordered_dither
from ..imaging.resample import resize
from .base import IMAGE, Node, Run, combo, inputs, integer, node, number


@node("ImageInvert", "Invert Image", "image")
class ImageInvert(Node):
    REQUIRED = inputs(image=IMAGE)
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray) -> tuple[Any, ...]:
        return (np.float32(1.0) - image,)


@node("ImageBlur", "Image Blur", "image/postprocessing")
class ImageBlur(Node):
    REQUIRED = inputs(image=("IMAGE", {}), blur_radius=integer(1, 1, 31), sigma=number(1.0, 0.1, 10.0, 0.1))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, blur_radius: int, sigma: float) -> tuple[Any, ...]:
        return (blur(image, blur_radius, sigma),)


@node("ImageSharpen", "Image Sharpen", "image/postprocessing")
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
        detail = image - blur(image, sharpen_radius, sigma)
        return (np.clip(image + strength * detail, 0, 1),)


@node("ImageBlend", "Image Blend", "image/postprocessing")
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
        image2 = repeat_to(image2, image1.shape[0]) if image2.shape[0] not in (1, image1.shape[0]) else image2
        blended = _BLENDS[blend_mode](image1, image2)
        factor = np.float32(blend_factor)
        return (np.clip(image1 * (1 - factor) + blended * factor, 0, 1).astype(np.float32),)


def _overlay(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.where(first <= 0.5, 2 * first * second, 1 - 2 * (1 - first) * (1 - second))


def _soft_light(first: FloatArray, second: FloatArray) -> FloatArray:
    positive = np.maximum(first, 0)
    curve = np.where(first <= 0.25, ((16 * first - 12) * first + 4) * first, np.sqrt(positive))
    darker = first - (1 - 2 * second) * first * (1 - first)
    return np.where(second <= 0.5, darker, first + (2 * second - 1) * (curve - first))


_BLENDS = {
    "normal": lambda first, second: second,
    "multiply": lambda first, second: first * second,
    "screen": lambda first, second: 1 - (1 - first) * (1 - second),
    "overlay": _overlay,
    "soft_light": _soft_light,
    "difference": lambda first, second: first - second,
}


@node("ImageQuantize", "Image Quantize", "image/postprocessing")
class ImageQuantize(Node):
    REQUIRED = inputs(
        image=("IMAGE", {}),
        colors=integer(256, 1, 256),
        dither=combo("none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"),
    )
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, colors: int, dither: str) -> tuple[Any, ...]:
        return (
            np.stack(
                [from_picture(_quantize(to_picture(one).convert("RGB"), colors, dither)) for one in image]
            ),
        )


def _quantize(picture: Image.Image, colors: int, dither: str) -> Image.Image:
    palette = picture.quantize(colors=colors)
    if dither.startswith("bayer-"):
        picture = ordered_dither(picture, colors, int(dither.removeprefix("bayer-")))
        dither = "none"
    method = Image.Dither.NONE if dither == "none" else Image.Dither.FLOYDSTEINBERG
    return picture.quantize(colors=colors, palette=palette, dither=method).convert("RGB")
