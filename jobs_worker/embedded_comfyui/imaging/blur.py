"""Gaussian filters with ComfyUI's kernel: the radius spans -1 to 1 and sigma counts in that span."""

from __future__ import annotations

import cv2
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
    if radius >= min(pixels.shape[1:3]):
        raise ValueError(f"The radius of {radius} px must be less than each side of the picture.")
    line = gaussian(radius, sigma)
    result = np.empty_like(pixels)
    for one, blurred in zip(pixels, result, strict=True):
        cv2.sepFilter2D(one, cv2.CV_32F, line, line, dst=blurred, borderType=cv2.BORDER_REFLECT_101)
    return result
