"""Nodes that change a picture's size."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..imaging.convert import FloatArray
from ..imaging.limits import check_size
from ..imaging.resample import METHODS, resize
from .base import IMAGE, Node, Run, choice, combo, inputs, integer, node, number


@node("ImageScale", "Upscale Image", "image/upscaling")
class ImageScale(Node):
    REQUIRED = inputs(
        image=IMAGE,
        upscale_method=choice(*METHODS),
        width=integer(512, 0),
        height=integer(512, 0),
        crop=choice("disabled", "center"),
    )
    OUTPUTS = ("IMAGE",)

    def run(
        self, run: Run, image: FloatArray, upscale_method: str, width: int, height: int, crop: str
    ) -> tuple[Any, ...]:
        if width == 0 and height == 0:
            return (image,)
        old_height, old_width = image.shape[1:3]
        width = width or max(1, round(old_width * height / old_height))
        height = height or max(1, round(old_height * width / old_width))
        return (resize(image, width, height, upscale_method, crop),)


@node("ImageScaleBy", "Upscale Image By", "image/upscaling")
class ImageScaleBy(Node):
    REQUIRED = inputs(image=IMAGE, upscale_method=choice(*METHODS), scale_by=number(1.0, 0.01, 8.0))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, upscale_method: str, scale_by: float) -> tuple[Any, ...]:
        height, width = image.shape[1:3]
        return (resize(image, round(width * scale_by), round(height * scale_by), upscale_method),)


@node("ImageScaleToTotalPixels", None, "image/upscaling", "post_processing")
class ImageScaleToTotalPixels(Node):
    REQUIRED = inputs(image=("IMAGE", {}), upscale_method=combo(*METHODS), megapixels=number(1.0, 0.01, 16.0))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, upscale_method: str, megapixels: float) -> tuple[Any, ...]:
        height, width = image.shape[1:3]
        factor = (int(megapixels * 1024 * 1024) / (width * height)) ** 0.5
        return (resize(image, round(width * factor), round(height * factor), upscale_method),)


@node("ImageScaleToMaxDimension", "ImageScaleToMaxDimension", "image/upscaling", "images")
class ImageScaleToMaxDimension(Node):
    REQUIRED = inputs(
        image=IMAGE,
        upscale_method=choice("area", "lanczos", "bilinear", "nearest-exact", "bilinear", "bicubic"),
        largest_size=integer(512, 0),
    )
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, upscale_method: str, largest_size: int) -> tuple[Any, ...]:
        height, width = image.shape[1:3]
        if height > width:
            width, height = round(width / height * largest_size), largest_size
        elif width > height:
            width, height = largest_size, round(height / width * largest_size)
        else:
            width = height = largest_size
        return (resize(image, width, height, upscale_method),)


_KONTEXT_SIZES = (
    *((672, 1568), (688, 1504), (720, 1456), (752, 1392), (800, 1328), (832, 1248), (880, 1184), (944, 1104)),
    (1024, 1024),
    *((1104, 944), (1184, 880), (1248, 832), (1328, 800), (1392, 752), (1456, 720), (1504, 688), (1568, 672)),
)


@node("FluxKontextImageScale", None, "advanced/conditioning/flux", "flux")
class FluxKontextImageScale(Node):
    DESCRIPTION = "This node resizes the image to one that is more optimal for flux kontext."
    REQUIRED = inputs(image=("IMAGE", {}))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray) -> tuple[Any, ...]:
        aspect = image.shape[2] / image.shape[1]
        width, height = min(_KONTEXT_SIZES, key=lambda size: abs(aspect - size[0] / size[1]))
        return (resize(image, width, height, "lanczos", "center"),)


@node("ResizeAndPadImage", "ResizeAndPadImage", "image/transform", "images")
class ResizeAndPadImage(Node):
    REQUIRED = inputs(
        image=IMAGE,
        target_width=integer(512, 1),
        target_height=integer(512, 1),
        padding_color=choice("white", "black"),
        interpolation=choice("area", "bicubic", "nearest-exact", "bilinear", "lanczos"),
    )
    OUTPUTS = ("IMAGE",)

    def run(
        self,
        run: Run,
        image: FloatArray,
        target_width: int,
        target_height: int,
        padding_color: str,
        interpolation: str,
    ) -> tuple[Any, ...]:
        batch, height, width, channels = image.shape
        check_size(target_width, target_height, batch)
        factor = min(target_width / width, target_height / height)
        new_width, new_height = int(width * factor), int(height * factor)
        fill = 1.0 if padding_color == "white" else 0.0
        result = np.full((batch, target_height, target_width, channels), fill, np.float32)
        y, x = (target_height - new_height) // 2, (target_width - new_width) // 2
        result[:, y : y + new_height, x : x + new_width] = resize(image, new_width, new_height, interpolation)
        return (result,)
