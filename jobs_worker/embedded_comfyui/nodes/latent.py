"""Nodes that make latents, or change their size and shape. A latent has one cell per 8 x 8 px."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..imaging.convert import FloatArray
from ..latents import PX_PER_CELL, Latent, check_cells, read_only, resized
from .base import Node, Run, choice, inputs, integer, node, number

LATENT = ("LATENT",)
_METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")
_SMALLEST_PX = 64


class LatentNode(Node):
    OUTPUTS = ("LATENT",)


def changed(latent: Latent, samples: FloatArray, **more: Any) -> tuple[Latent]:
    """The latent with other samples, as the output of a node."""
    return (read_only({**latent, "samples": samples, **more}),)


@node("EmptyLatentImage", "Empty Latent Image", "latent")
class EmptyLatentImage(LatentNode):
    DESCRIPTION = "Create a new batch of empty latent images to be denoised via sampling."
    REQUIRED = inputs(
        width=integer(512, 16, step=8, tip="The width of the latent images in pixels."),
        height=integer(512, 16, step=8, tip="The height of the latent images in pixels."),
        batch_size=integer(1, 1, 4096, step=None, tip="The number of latent images in the batch."),
    )
    OUTPUT_TIPS = ("The empty latent image batch.",)

    def run(self, run: Run, width: int, height: int, batch_size: int) -> tuple[Any, ...]:
        columns, rows = width // PX_PER_CELL, height // PX_PER_CELL
        check_cells(columns, rows, 4 * batch_size)
        return changed({}, np.zeros((batch_size, 4, rows, columns), np.float32))


@node("LatentUpscale", "Upscale Latent", "latent")
class LatentUpscale(LatentNode):
    REQUIRED = inputs(
        samples=LATENT,
        upscale_method=choice(*_METHODS),
        width=integer(512, 0, step=8),
        height=integer(512, 0, step=8),
        crop=choice("disabled", "center"),
    )

    def run(
        self, run: Run, samples: Latent, upscale_method: str, width: int, height: int, crop: str
    ) -> tuple[Any, ...]:
        if width == 0 and height == 0:
            return (samples,)
        rows, columns = samples["samples"].shape[2:]
        width, height = _size(width, height, columns, rows)
        cells = (width // PX_PER_CELL, height // PX_PER_CELL)
        return changed(samples, resized(samples["samples"], *cells, upscale_method, crop))


def _size(width: int, height: int, columns: int, rows: int) -> tuple[int, int]:
    """Both sides in px; one that is 0 follows from the other."""
    if width == 0:
        height = max(_SMALLEST_PX, height)
        width = round(columns * height / rows)
    elif height == 0:
        width = max(_SMALLEST_PX, width)
        height = round(rows * width / columns)
    return max(_SMALLEST_PX, width), max(_SMALLEST_PX, height)


@node("LatentUpscaleBy", "Upscale Latent By", "latent")
class LatentUpscaleBy(LatentNode):
    REQUIRED = inputs(samples=LATENT, upscale_method=choice(*_METHODS), scale_by=number(1.5, 0.01, 8.0))

    def run(self, run: Run, samples: Latent, upscale_method: str, scale_by: float) -> tuple[Any, ...]:
        rows, columns = samples["samples"].shape[2:]
        cells = (round(columns * scale_by), round(rows * scale_by))
        return changed(samples, resized(samples["samples"], *cells, upscale_method))


@node("LatentCrop", "Crop Latent", "latent/transform")
class LatentCrop(LatentNode):
    REQUIRED = inputs(
        samples=LATENT,
        width=integer(512, 64, step=8),
        height=integer(512, 64, step=8),
        x=integer(0, 0, step=8),
        y=integer(0, 0, step=8),
    )

    def run(self, run: Run, samples: Latent, width: int, height: int, x: int, y: int) -> tuple[Any, ...]:
        values = samples["samples"]
        top, left = (
            min(at // PX_PER_CELL, side - _SMALLEST_PX // PX_PER_CELL)
            for at, side in zip((y, x), values.shape[2:], strict=True)
        )
        bottom, right = top + height // PX_PER_CELL, left + width // PX_PER_CELL
        return changed(samples, values[:, :, top:bottom, left:right].copy())


@node("LatentFlip", "Flip Latent", "latent/transform")
class LatentFlip(LatentNode):
    REQUIRED = inputs(samples=LATENT, flip_method=choice("x-axis: vertically", "y-axis: horizontally"))

    def run(self, run: Run, samples: Latent, flip_method: str) -> tuple[Any, ...]:
        axis = 2 if flip_method.startswith("x") else 3
        return changed(samples, np.flip(samples["samples"], axis).copy())


@node("LatentRotate", "Rotate Latent", "latent/transform")
class LatentRotate(LatentNode):
    REQUIRED = inputs(samples=LATENT, rotation=choice("none", "90 degrees", "180 degrees", "270 degrees"))

    def run(self, run: Run, samples: Latent, rotation: str) -> tuple[Any, ...]:
        quarters = 0 if rotation == "none" else int(rotation.split(maxsplit=1)[0]) // 90
        return changed(samples, np.rot90(samples["samples"], k=quarters, axes=(3, 2)).copy())


@node("SetLatentNoiseMask", "Set Latent Noise Mask", "latent/inpaint")
class SetLatentNoiseMask(LatentNode):
    REQUIRED = inputs(samples=LATENT, mask=("MASK",))

    def run(self, run: Run, samples: Latent, mask: FloatArray) -> tuple[Any, ...]:
        return changed(samples, samples["samples"], noise_mask=mask.reshape(-1, 1, *mask.shape[-2:]))
