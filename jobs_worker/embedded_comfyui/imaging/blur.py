"""Gaussian filters with ComfyUI's kernel: the radius spans -1 to 1 and sigma counts in that span."""

from __future__ import annotations

import numpy as np

from .convert import FloatArray


def gaussian(radius: int, sigma: float) -> np.ndarray:
    """One line of the (separable) kernel, 2 * radius + 1 values that add up to 1."""
    at = np.linspace(-1, 1, 2 * radius + 1)
    line = np.exp(-(at * at) / (2.0 * sigma * sigma))
    return line / line.sum()


def blur(pixels: FloatArray, radius: int, sigma: float) -> FloatArray:
    """Blur a batch; the edge is mirrored.

    Raises:
        ValueError: the radius (px) does not fit into the picture.
    """
    line = gaussian(radius, sigma)
    return _along(_along(pixels, line, 1, radius), line, 2, radius)


def _along(pixels: FloatArray, line: np.ndarray, axis: int, radius: int) -> FloatArray:
    length = pixels.shape[axis]
    if radius >= length:
        raise ValueError(f"Padding size should be less than the picture: radius {radius}, side {length}.")
    widths = [(0, 0)] * pixels.ndim
    widths[axis] = (radius, radius)
    padded = np.pad(pixels, widths, mode="reflect")
    total = np.zeros_like(pixels)
    window = [slice(None)] * pixels.ndim
    for offset, weight in enumerate(line):
        window[axis] = slice(offset, offset + length)
        total += padded[tuple(window)] * np.float32(weight)
    return total
