"""Canny's edges with the steps that ComfyUI's pictures show."""

from __future__ import annotations

import cv2
import numpy as np

from .convert import FloatArray

_GRAY = np.array([0.299, 0.587, 0.114], np.float32)
_EPSILON = np.float32(1e-6)
#: Row and column of the neighbour at 0°, 45°, 90° and 135°; y points down.
_NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1))


def canny(picture: FloatArray, low: float, high: float) -> FloatArray:
    """The edges of one picture [height, width, 3] as 0 or 1, [height, width].

    Args:
        picture: values 0 to 1.
        low: strength from which a pixel may belong to an edge.
        high: strength that an edge must have somewhere.
    """
    gray = picture @ _GRAY
    line = cv2.getGaussianKernel(5, 1.0, cv2.CV_32F)
    gray = cv2.sepFilter2D(gray, cv2.CV_32F, line, line, borderType=cv2.BORDER_REFLECT_101)
    across = cv2.Sobel(gray, cv2.CV_32F, 1, 0, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(gray, cv2.CV_32F, 0, 1, borderType=cv2.BORDER_REPLICATE)
    strength = np.sqrt(across * across + down * down + _EPSILON)
    thin = _ridges(strength, across, down)
    return _connected(thin > np.float32(low), thin > np.float32(high))


def _ridges(strength: FloatArray, across: FloatArray, down: FloatArray) -> FloatArray:
    """The strength where it is larger than on both sides, along the slope; 0 elsewhere."""
    eighth = np.round(np.arctan2(down, across) * np.float32(4.0 / np.pi)).astype(np.int8) % 4
    height, width = strength.shape
    framed = np.pad(strength, 1)
    keep = np.zeros(strength.shape, bool)
    for number, (row, column) in enumerate(_NEIGHBOURS):
        one = framed[1 + row : 1 + row + height, 1 + column : 1 + column + width]
        other = framed[1 - row : 1 - row + height, 1 - column : 1 - column + width]
        keep |= (eighth == number) & (strength > one) & (strength > other)
    return np.where(keep, strength, np.float32(0.0))


def _connected(weak: np.ndarray, strong: np.ndarray) -> FloatArray:
    """Weak pixels that hang together with a strong one."""
    _, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    kept = np.zeros(int(labels.max()) + 1, np.float32)
    kept[labels[strong]] = 1.0
    kept[0] = 0.0
    return kept[labels]
