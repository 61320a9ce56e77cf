"""Nodes that take batches of pictures together or apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..imaging.convert import FloatArray, match_channels, repeat_to
from ..imaging.limits import check_size
from ..imaging.resample import resize
from .base import IMAGE, Node, Run, inputs, integer, node


@node("ImageBatch", "Batch Images", "image")
class ImageBatch(Node):
    REQUIRED = inputs(image1=IMAGE, image2=IMAGE)
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image1: FloatArray, image2: FloatArray) -> tuple[Any, ...]:
        image1, image2 = match_channels(image1, image2)
        height, width = image1.shape[1:3]
        check_size(width, height, image1.shape[0] + image2.shape[0])
        if image2.shape[1:3] != (height, width):
            image2 = resize(image2, width, height, "bilinear", "center")
        return (np.concatenate([image1, image2]),)


@node("ImageFromBatch", "ImageFromBatch", "image/batch", "images")
class ImageFromBatch(Node):
    REQUIRED = inputs(
        image=IMAGE, batch_index=integer(0, 0, 4095, step=None), length=integer(1, 1, 4096, step=None)
    )
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, batch_index: int, length: int) -> tuple[Any, ...]:
        start = min(image.shape[0] - 1, batch_index)
        return (image[start : start + length].copy(),)


@node("RepeatImageBatch", "RepeatImageBatch", "image/batch", "images")
class RepeatImageBatch(Node):
    REQUIRED = inputs(image=IMAGE, amount=integer(1, 1, 4096, step=None))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, amount: int) -> tuple[Any, ...]:
        count = image.shape[0] * amount
        check_size(image.shape[2], image.shape[1], count)
        return (repeat_to(image, count),)


@node("RebatchImages", "Rebatch Images", "image/batch", "rebatch")
class RebatchImages(Node):
    REQUIRED = inputs(images=("IMAGE", {}), batch_size=integer(1, 1, 4096, step=None))
    OUTPUTS = ("IMAGE",)
    OUTPUT_IS_LIST = (True,)
    INPUT_IS_LIST = True

    def run(self, run: Run, images: list[FloatArray], batch_size: list[int]) -> tuple[Any, ...]:
        singles = [one[None] for batch in images for one in batch]
        size = batch_size[0]
        return ([np.concatenate(singles[at : at + size]) for at in range(0, len(singles), size)],)


@node("GetImageSize", "Get Image Size", "image", "images")
class GetImageSize(Node):
    DESCRIPTION = "Returns width and height of the image, and passes it through unchanged."
    REQUIRED = inputs(image=IMAGE)
    HIDDEN = inputs(unique_id="UNIQUE_ID")
    OUTPUTS = ("INT", "INT", "INT")
    OUTPUT_NAMES = ("width", "height", "batch_size")

    def run(self, run: Run, image: FloatArray) -> tuple[Any, ...]:
        return image.shape[2], image.shape[1], image.shape[0]
