"""Nodes that take a picture's colours apart and put them together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..imaging.convert import FloatArray
from .base import Node, Run, inputs, node


@node("ImageRGBToYUV", None, "image/batch", "morphology")
class ImageRGBToYUV(Node):
    REQUIRED = inputs(image=("IMAGE", {}))
    OUTPUTS = ("IMAGE", "IMAGE", "IMAGE")
    OUTPUT_NAMES = ("Y", "U", "V")

    def run(self, run: Run, image: FloatArray) -> tuple[Any, ...]:
        red, green, blue = image[..., 0], image[..., 1], image[..., 2]
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        return _gray(luma), _gray((blue - luma) * 0.564 + 0.5), _gray((red - luma) * 0.713 + 0.5)


@node("ImageYUVToRGB", None, "image/batch", "morphology")
class ImageYUVToRGB(Node):
    REQUIRED = inputs(Y=("IMAGE", {}), U=("IMAGE", {}), V=("IMAGE", {}))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, Y: FloatArray, U: FloatArray, V: FloatArray) -> tuple[Any, ...]:  # noqa: N803
        luma, blueness, redness = (np.mean(plane, axis=-1) for plane in (Y, U, V))
        blueness, redness = blueness - 0.5, redness - 0.5
        red = luma + 1.403 * redness
        green = luma - 0.714 * redness - 0.344 * blueness
        return (np.clip(np.stack([red, green, luma + 1.773 * blueness], axis=-1), 0, 1).astype(np.float32),)


def _gray(plane: FloatArray) -> FloatArray:
    return np.repeat(plane[..., None], 3, axis=-1).astype(np.float32)
