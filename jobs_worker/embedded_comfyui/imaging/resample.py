"""Resampling with the rules that ComfyUI's scale nodes show: no antialiasing except `area` and `lanczos`."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

from .convert import FloatArray, from_picture, to_bytes
from .limits import check_size

METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")


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
        pixels = crop_to_aspect(pixels, width, height)
    try:
        scale = _METHODS[method]
    except KeyError:
        raise ValueError(f"Unknown scaling method {method!r}.") from None
    result = np.empty((len(pixels), height, width, pixels.shape[3]), np.float32)
    for one, scaled in zip(pixels, result, strict=True):
        scaled[...] = scale(one, width, height).reshape(scaled.shape)
    return result


def resize_mask(mask: FloatArray, width: int, height: int, method: str = "bilinear") -> FloatArray:
    """Scale masks [batch, height, width]."""
    return resize(mask[..., None], width, height, method)[..., 0]


def crop_to_aspect(pixels: FloatArray, width: int, height: int) -> FloatArray:
    """Cut a batch [batch, height, width, channels] around its centre to the aspect ratio of the new size."""
    old_height, old_width = pixels.shape[1:3]
    old_aspect, new_aspect = old_width / old_height, width / height
    x = y = 0
    if old_aspect > new_aspect:
        x = round((old_width - old_width * (new_aspect / old_aspect)) / 2)
    elif old_aspect < new_aspect:
        y = round((old_height - old_height * (old_aspect / new_aspect)) / 2)
    return pixels[:, y : old_height - y, x : old_width - x]


def _nearest(one: FloatArray, width: int, height: int) -> FloatArray:
    rows, columns = _nearest_index(one.shape[0], height), _nearest_index(one.shape[1], width)
    if height <= one.shape[0]:
        return np.take(np.take(one, rows, axis=0), columns, axis=1)
    return np.take(np.take(one, columns, axis=1), rows, axis=0)


def _nearest_index(old: int, new: int) -> np.ndarray:
    step = np.float32(old) / np.float32(new)
    index = np.floor((np.arange(new, dtype=np.float32) + np.float32(0.5)) * step).astype(np.int64)
    return np.minimum(index, old - 1)


def _bilinear(one: FloatArray, width: int, height: int) -> FloatArray:
    return cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR)


def _bicubic(one: FloatArray, width: int, height: int) -> FloatArray:
    # OpenCV's cubic has the same -0.75 as the one that ComfyUI's pictures show.
    return cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC)


def _area(one: FloatArray, width: int, height: int) -> FloatArray:
    """Means over whole pixels: a new pixel takes every old one that it touches, each with the same weight."""
    old_height, old_width, channels = one.shape
    if old_height % height == 0 and old_width % width == 0:
        return cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA)
    if height / old_height <= width / old_width:  # the axis that shrinks most goes first
        one = _mean_rows(one, height)
        return _mean_columns(one, width, channels)
    return _mean_rows(_mean_columns(one, width, channels), height)


def _mean_columns(one: FloatArray, size: int, channels: int) -> FloatArray:
    turned = cv2.transpose(one).reshape(one.shape[1], one.shape[0], channels)
    turned = _mean_rows(turned, size)
    return cv2.transpose(turned).reshape(one.shape[0], size, channels)


def _mean_rows(one: FloatArray, size: int) -> FloatArray:
    old = one.shape[0]
    if old == size:
        return one
    starts = np.arange(size) * old // size
    ends = -(-(np.arange(1, size + 1) * old) // size)
    total = one[starts]
    for tap in range(1, int((ends - starts).max())):
        index = starts + tap
        inside = index < ends
        if inside.all():
            total += one[index]
        else:
            total[inside] += one[index[inside]]
    total /= (ends - starts).astype(np.float32)[:, None, None]
    return total


def _lanczos(one: FloatArray, width: int, height: int) -> FloatArray:
    levels = to_bytes(one)
    if levels.shape[-1] == 1:
        levels = levels[..., 0]
    return from_picture(Image.fromarray(levels).resize((width, height), Image.Resampling.LANCZOS))


_METHODS: dict[str, Callable[[FloatArray, int, int], FloatArray]] = {
    "nearest-exact": _nearest,
    "bilinear": _bilinear,
    "area": _area,
    "bicubic": _bicubic,
    "lanczos": _lanczos,
}
