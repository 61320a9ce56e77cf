"""Porter-Duff's rules for putting one transparent picture over another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..imaging.convert import FloatArray, as_mask, bands
from ..imaging.resample import resize
from .base import Node, Run, combo, inputs, link, node

# Each rule takes the premultiplied colours and the alphas of source and destination (s, a, d, b) and gives
# the premultiplied colour and the alpha of the result.
_Rule = Callable[[Any, Any, Any, Any], tuple[Any, Any]]


def _overlay(s: Any, a: Any, d: Any, b: Any) -> tuple[Any, Any]:
    return np.where(2 * d < b, 2 * s * d, a * b - 2 * (b - s) * (a - d)), a + b - a * b


_RULES: dict[str, _Rule] = {
    "ADD": lambda s, a, d, b: (np.clip(s + d, 0, 1), np.clip(a + b, 0, 1)),
    "CLEAR": lambda s, a, d, b: (np.zeros_like(d), np.zeros_like(b)),
    "DARKEN": lambda s, a, d, b: ((1 - b) * s + (1 - a) * d + np.minimum(s, d), a + b - a * b),
    "DST": lambda s, a, d, b: (d, b),
    "DST_ATOP": lambda s, a, d, b: (a * d + (1 - b) * s, a),
    "DST_IN": lambda s, a, d, b: (a * d, a * b),
    "DST_OUT": lambda s, a, d, b: ((1 - a) * d, (1 - a) * b),
    "DST_OVER": lambda s, a, d, b: (d + (1 - b) * s, b + (1 - b) * a),
    "LIGHTEN": lambda s, a, d, b: ((1 - b) * s + (1 - a) * d + np.maximum(s, d), a + b - a * b),
    "MULTIPLY": lambda s, a, d, b: (s * d, a * b),
    "OVERLAY": _overlay,
    "SCREEN": lambda s, a, d, b: (s + d - s * d, a + b - a * b),
    "SRC": lambda s, a, d, b: (s, a),
    "SRC_ATOP": lambda s, a, d, b: (b * s + (1 - a) * d, b),
    "SRC_IN": lambda s, a, d, b: (b * s, a * b),
    "SRC_OUT": lambda s, a, d, b: ((1 - b) * s, (1 - b) * a),
    "SRC_OVER": lambda s, a, d, b: (s + (1 - a) * d, a + (1 - a) * b),
    "XOR": lambda s, a, d, b: ((1 - b) * s + (1 - a) * d, (1 - b) * a + (1 - a) * b),
}
_NO_ALPHA = 1e-5


@node("PorterDuffImageComposite", "Porter-Duff Image Composite", "mask/compositing", "compositing")
class PorterDuffImageComposite(Node):
    REQUIRED = inputs(
        source=link("IMAGE"),
        source_alpha=link("MASK"),
        destination=link("IMAGE"),
        destination_alpha=link("MASK"),
        mode=combo(*_RULES, default="DST"),
    )
    OUTPUTS = ("IMAGE", "MASK")

    def run(
        self,
        run: Run,
        source: FloatArray,
        source_alpha: FloatArray,
        destination: FloatArray,
        destination_alpha: FloatArray,
        mode: str,
    ) -> tuple[Any, ...]:
        if source.shape[-1] != destination.shape[-1]:
            raise ValueError("Source and destination must have the same number of channels.")
        masks = (as_mask(source_alpha)[..., None], as_mask(destination_alpha)[..., None])
        count = min(len(source), len(destination), *(len(mask) for mask in masks))
        size = destination.shape[1:3]
        first, first_mask, second_mask = (_fitted(one[:count], size) for one in (source, *masks))
        pictures = np.empty((count, *destination.shape[1:]), np.float32)
        out_masks = np.empty((count, *size), np.float32)
        for at in range(count):
            run.check_interrupt()
            for part in bands(destination.shape[1:]):
                layers = (first[at, part], first_mask[at, part], destination[at, part], second_mask[at, part])
                pictures[at, part], out_masks[at, part] = _composite(_RULES[mode], *layers)
        return pictures, out_masks


def _fitted(pixels: FloatArray, size: tuple[int, ...]) -> FloatArray:
    height, width = size
    if pixels.shape[1:3] == size:
        return pixels
    return resize(pixels, width, height, "bicubic", "center")


def _composite(
    rule: _Rule, source: FloatArray, source_mask: FloatArray, destination: FloatArray, mask: FloatArray
) -> tuple[Any, Any]:
    alpha, under_alpha = 1 - source_mask, 1 - mask
    color, out_alpha = rule(source * alpha, alpha, destination * under_alpha, under_alpha)
    seen = out_alpha > _NO_ALPHA
    plain = np.where(seen, color / np.where(seen, out_alpha, 1), 0)
    return np.clip(plain, 0, 1), 1 - out_alpha[..., 0]
