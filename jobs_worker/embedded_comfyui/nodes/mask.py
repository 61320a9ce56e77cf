"""Nodes on masks [batch, height, width]."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from ..imaging.convert import FloatArray, as_mask, repeat_to
from ..imaging.limits import check_size
from .base import IMAGE, MASK, SIDE_LIMIT, Node, Run, choice, inputs, integer, node, number, switch

_CHANNELS = ("red", "green", "blue", "alpha")


@node("SolidMask", "SolidMask", "mask")
class SolidMask(Node):
    REQUIRED = inputs(value=number(1.0, 0.0, 1.0), width=integer(512, 1), height=integer(512, 1))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, value: float, width: int, height: int) -> tuple[Any, ...]:
        check_size(width, height)
        return (np.full((1, height, width), value, np.float32),)


@node("MaskToImage", "Convert Mask to Image", "mask")
class MaskToImage(Node):
    REQUIRED = inputs(mask=MASK)
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, mask: FloatArray) -> tuple[Any, ...]:
        return (np.repeat(as_mask(mask)[..., None], 3, axis=-1),)


@node("ImageToMask", "Convert Image to Mask", "mask")
class ImageToMask(Node):
    REQUIRED = inputs(image=IMAGE, channel=choice(*_CHANNELS))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, image: FloatArray, channel: str) -> tuple[Any, ...]:
        return (np.ascontiguousarray(image[..., _CHANNELS.index(channel)]),)


@node("ImageColorToMask", "ImageColorToMask", "mask")
class ImageColorToMask(Node):
    REQUIRED = inputs(
        image=IMAGE, color=("INT", {"default": 0, "min": 0, "max": 0xFFFFFF, "step": 1, "display": "color"})
    )
    OUTPUTS = ("MASK",)

    def run(self, run: Run, image: FloatArray, color: int) -> tuple[Any, ...]:
        levels = np.clip(image * np.float32(255.0), 0, 255).round().astype(np.int32)
        packed = (levels[..., 0] << 16) + (levels[..., 1] << 8) + levels[..., 2]
        return ((packed == color).astype(np.float32),)


@node("InvertMask", "InvertMask", "mask")
class InvertMask(Node):
    REQUIRED = inputs(mask=MASK)
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray) -> tuple[Any, ...]:
        return (np.float32(1.0) - mask,)


@node("CropMask", "CropMask", "mask")
class CropMask(Node):
    REQUIRED = inputs(
        mask=MASK, x=integer(0, 0), y=integer(0, 0), width=integer(512, 1), height=integer(512, 1)
    )
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray, x: int, y: int, width: int, height: int) -> tuple[Any, ...]:
        return (as_mask(mask)[:, y : y + height, x : x + width].copy(),)


@node("ThresholdMask", "ThresholdMask", "mask")
class ThresholdMask(Node):
    REQUIRED = inputs(mask=MASK, value=number(0.5, 0.0, 1.0))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray, value: float) -> tuple[Any, ...]:
        return ((mask > np.float32(value)).astype(np.float32),)


@node("FeatherMask", "FeatherMask", "mask")
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
        across = _ramp(width, left) * _ramp(width, right)[::-1]
        down = _ramp(height, top) * _ramp(height, bottom)[::-1]
        return (result * across[None, None, :] * down[None, :, None],)


def _ramp(length: int, feather: int) -> FloatArray:
    feather = min(length, feather)
    line = np.ones(length, np.float32)
    line[:feather] = np.arange(1, feather + 1, dtype=np.float32) / max(feather, 1)
    return line


@node("GrowMask", "GrowMask", "mask")
class GrowMask(Node):
    REQUIRED = inputs(mask=MASK, expand=integer(0, -SIDE_LIMIT), tapered_corners=switch(True))
    OUTPUTS = ("MASK",)

    def run(self, run: Run, mask: FloatArray, expand: int, tapered_corners: bool) -> tuple[Any, ...]:
        corner = 0 if tapered_corners else 1
        footprint = np.array([[corner, 1, corner], [1, 1, 1], [corner, 1, corner]], bool)
        grow = ndimage.grey_dilation if expand > 0 else ndimage.grey_erosion
        result = []
        for one in as_mask(mask):
            grown = one
            # More steps than the longest side cannot change anything any more.
            for step in range(min(abs(expand), max(one.shape))):
                run.progress(step, abs(expand))
                grown = grow(grown, footprint=footprint)
            result.append(grown)
        return (np.stack(result).astype(np.float32),)


@node("MaskComposite", "MaskComposite", "mask")
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
