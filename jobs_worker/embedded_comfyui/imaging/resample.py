"""Resampling with the rules that ComfyUI's scale nodes show: no antialiasing except `area` and `lanczos`."""

from __future__ import annotations

import numpy as np
from PIL import Image

from .convert import FloatArray, from_picture, to_bytes
from .limits import check_size

METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")
_CUBIC_A = -0.75


def resize(pixels: FloatArray, width: int, height: int, method: str, crop: str = "disabled") -> FloatArray:
    """Scale a batch [batch, height, width, channels] to `width` x `height` pixels.

    Args:
        pixels: the batch.
        width: new width in px.
        height: new height in px.
        method: one of METHODS.
        crop: "center" cuts to the new aspect ratio first, "disabled" distorts.

    Raises:
        TooLargeError: the result would be over the limits.
        ValueError: unknown method, or an empty result.
    """
    if width < 1 or height < 1:
        raise ValueError(f"A picture of {width} x {height} px cannot be made.")
    check_size(width, height, pixels.shape[0])
    if crop == "center":
        pixels = _crop_to_aspect(pixels, width, height)
    if method == "lanczos":
        return _lanczos(pixels, width, height)
    try:
        scale = _AXIS_METHODS[method]
    except KeyError:
        raise ValueError(f"Unknown scaling method {method!r}.") from None
    # The axis that shrinks most goes first: fewer pixels for the other one.
    order = (
        ((1, height), (2, width))
        if height / pixels.shape[1] <= width / pixels.shape[2]
        else ((2, width), (1, height))
    )
    for axis, size in order:
        pixels = scale(pixels, axis, size)
    return np.ascontiguousarray(pixels, dtype=np.float32)


def resize_mask(mask: FloatArray, width: int, height: int, method: str = "bilinear") -> FloatArray:
    """Scale masks [batch, height, width]."""
    return resize(mask[..., None], width, height, method)[..., 0]


def _crop_to_aspect(pixels: FloatArray, width: int, height: int) -> FloatArray:
    old_height, old_width = pixels.shape[1:3]
    old_aspect, new_aspect = old_width / old_height, width / height
    x = y = 0
    if old_aspect > new_aspect:
        x = round((old_width - old_width * (new_aspect / old_aspect)) / 2)
    elif old_aspect < new_aspect:
        y = round((old_height - old_height * (old_aspect / new_aspect)) / 2)
    return pixels[:, y : old_height - y, x : old_width - x]


def _lanczos(pixels: FloatArray, width: int, height: int) -> FloatArray:
    levels = to_bytes(pixels)
    if levels.shape[-1] == 1:
        levels = levels[..., 0]
    scaled = [Image.fromarray(one).resize((width, height), Image.Resampling.LANCZOS) for one in levels]
    result = np.stack([from_picture(one) for one in scaled])
    return result[..., None] if result.ndim == 3 else result


def _centres(old: int, new: int) -> FloatArray:
    """Where each new pixel's centre lies on the old grid."""
    step = np.float32(old) / np.float32(new)
    return (np.arange(new, dtype=np.float32) + np.float32(0.5)) * step - np.float32(0.5)


def _weighted(pixels: FloatArray, axis: int, taps: list[tuple[np.ndarray, np.ndarray]]) -> FloatArray:
    shape = [1] * pixels.ndim
    shape[axis] = -1
    parts = (
        np.take(pixels, index, axis) * weight.astype(np.float32).reshape(shape) for index, weight in taps
    )
    total = next(parts)
    for part in parts:
        total += part
    return total


def _nearest(pixels: FloatArray, axis: int, size: int) -> FloatArray:
    old = pixels.shape[axis]
    step = np.float32(old) / np.float32(size)
    index = np.floor((np.arange(size, dtype=np.float32) + np.float32(0.5)) * step).astype(np.int64)
    return np.take(pixels, np.minimum(index, old - 1), axis=axis)


def _bilinear(pixels: FloatArray, axis: int, size: int) -> FloatArray:
    old = pixels.shape[axis]
    if old == size:
        return pixels
    at = np.maximum(_centres(old, size), 0)
    low = np.minimum(np.floor(at).astype(np.int64), old - 1)
    part = at - low
    return _weighted(pixels, axis, [(low, 1 - part), (np.minimum(low + 1, old - 1), part)])


def _bicubic(pixels: FloatArray, axis: int, size: int) -> FloatArray:
    old = pixels.shape[axis]
    if old == size:
        return pixels
    at = _centres(old, size)
    low = np.floor(at).astype(np.int64)
    part = at - low
    taps = []
    for offset in (-1, 0, 1, 2):
        taps.append((np.clip(low + offset, 0, old - 1), _cubic_weight(np.abs(part - offset))))
    return _weighted(pixels, axis, taps)


def _cubic_weight(distance: np.ndarray) -> np.ndarray:
    a, d = _CUBIC_A, distance
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def _area(pixels: FloatArray, axis: int, size: int) -> FloatArray:
    old = pixels.shape[axis]
    if old == size:
        return pixels
    starts = np.arange(size) * old // size
    ends = -(-(np.arange(1, size + 1) * old) // size)
    moved = np.moveaxis(pixels, axis, 0)
    # float64: a running sum of thousands of float32 values would lose the last levels.
    sums = np.zeros((old + 1, *moved.shape[1:]), np.float64)
    np.cumsum(moved, axis=0, dtype=np.float64, out=sums[1:])
    counts = (ends - starts).reshape((-1,) + (1,) * (moved.ndim - 1))
    means = ((sums[ends] - sums[starts]) / counts).astype(np.float32)
    return np.moveaxis(means, 0, axis)


_AXIS_METHODS = {"nearest-exact": _nearest, "bilinear": _bilinear, "area": _area, "bicubic": _bicubic}
