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
            changed[...] = _OPERATIONS[operation](one, kernel_size, run.check_interrupt).reshape(one.shape)
        return (result,)


_LARGEST_STEP = 65
_Check = Callable[[], None]


def _in_steps(change: Callable[..., Any], one: FloatArray, side: int, check: _Check) -> Any:
    """Erode or dilate by a square; a large one in steps of smaller ones, which comes to the same.

    OpenCV leaves pixels outside of the picture out of account, as ComfyUI does.
    """
    while side > 1:
        check()
        step = min(side, _LARGEST_STEP)
        one = change(one, np.ones((step, step), np.uint8))
        side -= step - 1
    return one


def _erode(one: FloatArray, side: int, check: _Check) -> Any:
    return _in_steps(cv2.erode, one, side, check)


def _dilate(one: FloatArray, side: int, check: _Check) -> Any:
    return _in_steps(cv2.dilate, one, side, check)


def _opened(one: FloatArray, side: int, check: _Check) -> Any:
    return _dilate(_erode(one, side, check), side, check)


def _closed(one: FloatArray, side: int, check: _Check) -> Any:
    return _erode(_dilate(one, side, check), side, check)


def _gradient(one: FloatArray, side: int, check: _Check) -> Any:
    return cv2.subtract(_dilate(one, side, check), _erode(one, side, check))


_OPERATIONS: dict[str, Callable[[FloatArray, int, _Check], Any]] = {
    "erode": _erode,
    "dilate": _dilate,
    "open": _opened,
    "close": _closed,
    "gradient": _gradient,
    "bottom_hat": lambda one, side, check: cv2.subtract(_closed(one, side, check), one),
    "top_hat": lambda one, side, check: cv2.subtract(one, _opened(one, side, check)),
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
