"""Nodes on masks [batch, height, width]."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..imaging.convert import FloatArray, as_mask, bands, repeat_to
from ..imaging.limits import check_size
from .base import IMAGE, MASK, SIDE_LIMIT, Node, Run, choice, inputs, integer, node, number, switch

_STEPS_AT_ONCE = 8
_CHANNELS = ("red", "green", "blue", "alpha")


@node("SolidMask", "SolidMask", "mask", "mask")
class SolidMask(Node):
    REQUIRED = inputs(value=number(1.0, 0.0, 1.0), width=integer(512, 1), height=integer(512, 1))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, value: float, width: int, height: int) -> tuple[Any, ...]:
        check_size(width, height)
        return (np.full((1, height, width), value, np.float32),)


@node("MaskToImage", "Convert Mask to Image", "mask", "mask")
class MaskToImage(Node):
    REQUIRED = inputs(mask=MASK)
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, mask: FloatArray) -> tuple[Any, ...]:
        planes = as_mask(mask)[..., None]
        return (np.broadcast_to(planes, (*planes.shape[:3], 3)),)


@node("ImageToMask", "Convert Image to Mask", "mask", "mask")
class ImageToMask(Node):
    REQUIRED = inputs(image=IMAGE, channel=choice(*_CHANNELS))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, image: FloatArray, channel: str) -> tuple[Any, ...]:
        return (np.ascontiguousarray(image[..., _CHANNELS.index(channel)]),)


@node("ImageColorToMask", "ImageColorToMask", "mask", "mask")
class ImageColorToMask(Node):
    REQUIRED = inputs(
        image=IMAGE, color=("INT", {"default": 0, "min": 0, "max": 0xFFFFFF, "step": 1, "display": "color"})
    )
    OUTPUTS = ("MASK",)

    def run(self, run: Run, image: FloatArray, color: int) -> tuple[Any, ...]:
        wanted = np.array([color >> 16 & 255, color >> 8 & 255, color & 255], np.float32)
        result = np.empty(image.shape[:3], np.float32)
        for one, found in zip(image, result, strict=True):
            for part in bands(one.shape):
                levels = np.rint(np.clip(one[part][..., :3], 0, 1) * np.float32(255.0))
                same = levels == wanted
                found[part] = same[..., 0] & same[..., 1] & same[..., 2]
        return (result,)


@node("InvertMask", "InvertMask", "mask", "mask")
class InvertMask(Node):
    REQUIRED = inputs(mask=MASK)
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray) -> tuple[Any, ...]:
        return (np.float32(1.0) - mask,)


@node("CropMask", "CropMask", "mask", "mask")
class CropMask(Node):
    REQUIRED = inputs(
        mask=MASK, x=integer(0, 0), y=integer(0, 0), width=integer(512, 1), height=integer(512, 1)
    )
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray, x: int, y: int, width: int, height: int) -> tuple[Any, ...]:
        return (as_mask(mask)[:, y : y + height, x : x + width].copy(),)


@node("ThresholdMask", "ThresholdMask", "mask", "mask")
class ThresholdMask(Node):
    REQUIRED = inputs(mask=MASK, value=number(0.5, 0.0, 1.0))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray, value: float) -> tuple[Any, ...]:
        return ((mask > np.float32(value)).astype(np.float32),)


@node("FeatherMask", "FeatherMask", "mask", "mask")
class FeatherMask(Node):
    REQUIRED = inputs(
        mask=MASK, left=integer(0, 0), top=integer(0, 0), right=integer(0, 0), bottom=integer(0, 0)
    )
    OUTPUTS = ("MASK",)

    def run(
        self, run: Run, mask: FloatArray, left: int, top: int, right: int, bottom: int
    ) -> tuple[Any, ...]:
        result = as_mask(mask).copy()
        height, width = result.shape[1:]
        result *= _ramp(width, left, right)[None, None, :]
        result *= _ramp(height, top, bottom)[None, :, None]
        return (result,)


def _ramp(length: int, before: int, after: int) -> FloatArray:
    """Weights that rise over `before` px and fall over `after` px.

    As in ComfyUI the far side is counted from -0, so the first step of the fall lands on the near edge.
    """
    before, after = min(length, before), min(length, after)
    line = np.ones(length, np.float32)
    line[:before] *= np.arange(1, before + 1, dtype=np.float32) / np.float32(max(before, 1))
    line[-np.arange(after)] *= np.arange(1, after + 1, dtype=np.float32) / np.float32(max(after, 1))
    return line


@node("GrowMask", "GrowMask", "mask", "mask")
class GrowMask(Node):
    REQUIRED = inputs(mask=MASK, expand=integer(0, -SIDE_LIMIT), tapered_corners=switch(True))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray, expand: int, tapered_corners: bool) -> tuple[Any, ...]:
        corner = 0 if tapered_corners else 1
        footprint = np.array([[corner, 1, corner], [1, 1, 1], [corner, 1, corner]], np.uint8)
        grow = cv2.dilate if expand > 0 else cv2.erode
        result = as_mask(mask).copy()
        for grown in result:
            # More steps than both sides together cannot change anything any more.
            left = min(abs(expand), sum(grown.shape))
            while left > 0:
                run.check_interrupt()
                grown[...] = grow(grown, footprint, iterations=min(left, _STEPS_AT_ONCE))
                left -= _STEPS_AT_ONCE
        return (result,)


@node("MaskComposite", "MaskComposite", "mask", "mask")
class MaskComposite(Node):
    REQUIRED = inputs(
        destination=MASK,
        source=MASK,
        x=integer(0, 0),
        y=integer(0, 0),
        operation=choice("multiply", "add", "subtract", "and", "or", "xor"),
    )
    OUTPUTS = ("MASK",)

    def run(
        self, run: Run, destination: FloatArray, source: FloatArray, x: int, y: int, operation: str
    ) -> tuple[Any, ...]:
        result, source = as_mask(destination).copy(), as_mask(source)
        height = max(0, min(source.shape[1], result.shape[1] - y))
        width = max(0, min(source.shape[2], result.shape[2] - x))
        source = repeat_to(source[:, :height, :width], result.shape[0])
        part = np.s_[:, y : y + height, x : x + width]
        result[part] = _combine(result[part], source, operation)
        return (np.clip(result, 0, 1),)


def _combine(first: FloatArray, second: FloatArray, operation: str) -> Any:
    if operation == "multiply":
        return first * second
    if operation == "add":
        return first + second
    if operation == "subtract":
        return first - second
    # The words work on whole pixels: half and more counts as set.
    set_first, set_second = np.round(first).astype(bool), np.round(second).astype(bool)
    joined = {"and": set_first & set_second, "or": set_first | set_second, "xor": set_first ^ set_second}
    return joined[operation].astype(np.float32)
