"""Nodes that look for shapes and edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from ..imaging.canny import canny
from ..imaging.convert import FloatArray
from .base import Node, Run, combo, inputs, integer, link, node, number


@node("Morphology", "ImageMorphology", "image/postprocessing", "morphology")
class Morphology(Node):
    REQUIRED = inputs(
        image=link("IMAGE"),
        operation=combo("erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"),
        kernel_size=integer(3, 3, 999),
    )
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, operation: str, kernel_size: int) -> tuple[Any, ...]:
        result = np.empty_like(image)
        for one, changed in zip(image, result, strict=True):
            run.check_interrupt()
            changed[...] = _OPERATIONS[operation](one, kernel_size).reshape(one.shape)
        return (result,)


def _square(side: int) -> np.ndarray:
    return np.ones((side, side), np.uint8)


# OpenCV leaves pixels outside of the picture out of account, as ComfyUI does.
def _erode(one: FloatArray, side: int) -> Any:
    return cv2.erode(one, _square(side))


def _dilate(one: FloatArray, side: int) -> Any:
    return cv2.dilate(one, _square(side))


def _opened(one: FloatArray, side: int) -> Any:
    return _dilate(_erode(one, side), side)


def _closed(one: FloatArray, side: int) -> Any:
    return _erode(_dilate(one, side), side)


_OPERATIONS: dict[str, Callable[[FloatArray, int], Any]] = {
    "erode": _erode,
    "dilate": _dilate,
    "open": _opened,
    "close": _closed,
    "gradient": lambda one, side: cv2.subtract(_dilate(one, side), _erode(one, side)),
    "bottom_hat": lambda one, side: cv2.subtract(_closed(one, side), one),
    "top_hat": lambda one, side: cv2.subtract(one, _opened(one, side)),
}


@node("Canny", None, "image/preprocessors", "canny")
class Canny(Node):
    REQUIRED = inputs(
        image=link("IMAGE"),
        low_threshold=number(0.4, 0.01, 0.99),
        high_threshold=number(0.8, 0.01, 0.99),
    )
    OUTPUTS = ("IMAGE",)

    def run(
        self, run: Run, image: FloatArray, low_threshold: float, high_threshold: float
    ) -> tuple[Any, ...]:
        if low_threshold > high_threshold:
            raise ValueError(
                "Invalid input thresholds. low_threshold should be smaller than the high_threshold."
            )
        result = np.empty((*image.shape[:3], 3), np.float32)
        for one, edges in zip(image, result, strict=True):
            run.check_interrupt()
            edges[...] = canny(one[..., :3], low_threshold, high_threshold)[..., None]
        return (result,)
