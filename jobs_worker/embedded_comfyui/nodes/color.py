"""Nodes that take a picture's colours apart and put them together."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..imaging.convert import FloatArray
from .base import Node, Run, inputs, node

_LUMA = np.array([0.299, 0.587, 0.114])
_BLUENESS, _REDNESS = 0.564, 0.713
# A row per channel of the result: weights of the three channels, and what is added.
_TO_YUV = np.array(
    [
        [*_LUMA, 0.0],
        [*(_BLUENESS * ([0, 0, 1] - _LUMA)), 0.5],
        [*(_REDNESS * ([1, 0, 0] - _LUMA)), 0.5],
    ],
    np.float32,
)
_TO_RGB = np.array(
    [
        [1.0, 0.0, 1.403, -0.5 * 1.403],
        [1.0, -0.344, -0.714, 0.5 * (0.344 + 0.714)],
        [1.0, 1.773, 0.0, -0.5 * 1.773],
    ],
    np.float32,
)


@node("ImageRGBToYUV", None, "image/batch", "morphology")
class ImageRGBToYUV(Node):
    REQUIRED = inputs(image=("IMAGE", {}))
    OUTPUTS = ("IMAGE", "IMAGE", "IMAGE")
    OUTPUT_NAMES = ("Y", "U", "V")

    def run(self, run: Run, image: FloatArray) -> tuple[Any, ...]:
        planes = np.stack([cv2.transform(np.ascontiguousarray(one[..., :3]), _TO_YUV) for one in image])
        return tuple(_gray(planes[..., channel]) for channel in range(3))


@node("ImageYUVToRGB", None, "image/batch", "morphology")
class ImageYUVToRGB(Node):
    REQUIRED = inputs(Y=("IMAGE", {}), U=("IMAGE", {}), V=("IMAGE", {}))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, Y: FloatArray, U: FloatArray, V: FloatArray) -> tuple[Any, ...]:  # noqa: N803
        return (np.stack([_to_rgb(*planes) for planes in zip(Y, U, V, strict=True)]),)


def _to_rgb(*planes: FloatArray) -> FloatArray:
    """A picture of three grey ones."""
    means = (cv2.transform(one, np.full((1, one.shape[-1]), 1 / one.shape[-1], np.float32)) for one in planes)
    picture = cv2.transform(cv2.merge(list(means)), _TO_RGB)
    return np.clip(picture, 0, 1, out=picture)


def _gray(plane: FloatArray) -> FloatArray:
    return np.broadcast_to(np.ascontiguousarray(plane)[..., None], (*plane.shape, 3))
