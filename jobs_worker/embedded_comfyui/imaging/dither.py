"""Ordered dithering: a Bayer pattern is added before the colours are reduced."""

from __future__ import annotations

import numpy as np
from PIL import Image


def ordered_dither(picture: Image.Image, colors: int, order: int) -> Image.Image:
    """Add the `order` x `order` Bayer pattern, as strong as one step between `colors` colours."""
    levels = np.asarray(picture).astype(np.float32)
    spread = 2 * 256 / colors
    centred = bayer(order) + (1.0 - order * order) / (2.0 * order * order)
    pattern = spread * centred + 0.5  # the half makes the cut to whole levels a rounding
    height, width = levels.shape[:2]
    tiled = np.tile(pattern, (-(-height // order), -(-width // order)))[:height, :width]
    return Image.fromarray(np.clip(levels + tiled[:, :, None], 0, 255).astype(np.uint8))


def bayer(order: int) -> np.ndarray:
    """The Bayer matrix of a power of two, values from 0 to just under 1."""
    matrix = np.zeros((1, 1))
    while matrix.shape[0] < order:
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    return matrix / (order * order)
