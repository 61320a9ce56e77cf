"""Nodes that make a picture or put pictures together."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..imaging.convert import FloatArray, adopt_channels, as_mask, bands, repeat_to
from ..imaging.limits import check_size
from ..imaging.resample import resize, resize_mask
from .base import IMAGE, MASK, Node, Run, inputs, integer, node, switch


@node("EmptyImage", "EmptyImage", "image")
class EmptyImage(Node):
    REQUIRED = inputs(
        width=integer(512, 1),
        height=integer(512, 1),
        batch_size=integer(1, 1, 4096, step=None),
        color=("INT", {"default": 0, "min": 0, "max": 0xFFFFFF, "step": 1, "display": "color"}),
    )
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, width: int, height: int, batch_size: int, color: int) -> tuple[Any, ...]:
        check_size(width, height, batch_size)
        levels = np.array([color >> 16 & 255, color >> 8 & 255, color & 255], np.float32) / np.float32(255.0)
        return (np.broadcast_to(levels, (batch_size, height, width, 3)).copy(),)


@node("ImageCompositeMasked", "ImageCompositeMasked", "image", "mask")
class ImageCompositeMasked(Node):
    REQUIRED = inputs(
        destination=IMAGE, source=IMAGE, x=integer(0, 0), y=integer(0, 0), resize_source=switch(False)
    )
    OPTIONAL = inputs(mask=MASK)
    OUTPUTS = ("IMAGE",)

    def run(
        self,
        run: Run,
        destination: FloatArray,
        source: FloatArray,
        x: int,
        y: int,
        resize_source: bool,
        mask: FloatArray | None = None,
    ) -> tuple[Any, ...]:
        source = adopt_channels(destination, source)
        result = destination.copy()
        batch, height, width, _ = result.shape
        if resize_source:
            source = resize(source, width, height, "bilinear")
        source = repeat_to(source, batch)
        x, y = min(x, width), min(y, height)
        rows, columns = min(source.shape[1], height - y), min(source.shape[2], width - x)
        under, over = result[:, y : y + rows, x : x + columns], source[:, :rows, :columns]
        if mask is None:
            under[...] = over
            return (result,)
        weight = repeat_to(resize_mask(as_mask(mask), source.shape[2], source.shape[1]), batch)
        for at in range(batch):
            for part in bands(under.shape[1:]):
                share = weight[at, :rows, :columns, None][part]
                lower = under[at, part]
                # Exact where the share is 0 or 1: a sum a hair below a level would be saved as the one below.
                lower *= 1 - share
                lower += share * over[at, part]
        return (result,)


@node("SplitImageWithAlpha", "Split Image with Alpha", "mask/compositing", "compositing")
class SplitImageWithAlpha(Node):
    REQUIRED = inputs(image=("IMAGE", {}))
    OUTPUTS = ("IMAGE", "MASK")

    def run(self, run: Run, image: FloatArray) -> tuple[Any, ...]:
        opaque = np.ones(image.shape[:3], np.float32)
        alpha = image[..., 3] if image.shape[-1] > 3 else opaque
        return np.ascontiguousarray(image[..., :3]), 1.0 - alpha


@node("JoinImageWithAlpha", "Join Image with Alpha", "mask/compositing", "compositing")
class JoinImageWithAlpha(Node):
    REQUIRED = inputs(image=("IMAGE", {}), alpha=("MASK", {}))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, alpha: FloatArray) -> tuple[Any, ...]:
        mask = resize_mask(as_mask(alpha), image.shape[2], image.shape[1])
        count = min(image.shape[0], mask.shape[0])
        result = np.empty((count, *image.shape[1:3], 4), np.float32)
        for at in range(count):
            layers = [np.ascontiguousarray(image[at, ..., :3]), 1.0 - mask[at]]
            cv2.mixChannels(layers, [result[at]], [0, 0, 1, 1, 2, 2, 3, 3])
        return (result,)
