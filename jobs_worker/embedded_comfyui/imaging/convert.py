"""Between Pillow pictures and float arrays."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

FloatArray = NDArray[np.float32]


_BAND_VALUES = 1 << 18
_LEVELS = (np.arange(256, dtype=np.float32) / np.float32(255.0)).reshape(256, 1)


def to_bytes(pixels: FloatArray) -> NDArray[np.uint8]:
    """8 bit levels of values 0 to 1: cut off, not rounded, as ComfyUI saves them."""
    flat = np.ascontiguousarray(pixels).reshape(-1)
    levels = np.empty(flat.shape, np.uint8)
    scaled = np.empty(min(_BAND_VALUES, flat.size), np.float32)
    for start in range(0, flat.size, _BAND_VALUES):  # in bands that stay in the processor's cache
        band = flat[start : start + _BAND_VALUES]
        part = scaled[: band.size]
        np.multiply(band, np.float32(255.0), out=part)
        np.clip(part, 0, 255, out=part)
        levels[start : start + _BAND_VALUES] = part
    return levels.reshape(pixels.shape)


def from_bytes(levels: NDArray[np.uint8]) -> FloatArray:
    """Values 0 to 1 of 8 bit levels."""
    return cv2.LUT(levels.reshape(-1, 1), _LEVELS).reshape(levels.shape)


def from_picture(picture: Image.Image) -> FloatArray:
    """The picture's levels as values 0 to 1, [height, width] or [height, width, channels]."""
    levels = np.asarray(picture)
    if levels.dtype == np.uint8:
        return from_bytes(levels)
    return levels.astype(np.float32) / np.float32(255.0)


def to_picture(pixels: FloatArray) -> Image.Image:
    """One picture [height, width, channels] (1, 3 or 4 channels) or [height, width] as 8 bit."""
    levels = to_bytes(pixels)
    return Image.fromarray(levels[:, :, 0] if levels.ndim == 3 and levels.shape[2] == 1 else levels)


def bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of rows, small enough to stay in the processor's cache through several steps."""
    rows = max(1, _BAND_VALUES // max(1, int(np.prod(shape[1:]))))
    return (slice(start, start + rows) for start in range(0, shape[0], rows))


def as_mask(mask: FloatArray) -> FloatArray:
    """The mask as [batch, height, width], whatever leading dimensions it came with."""
    return mask.reshape((-1, *mask.shape[-2:]))


def match_channels(first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give both batches the larger channel count; new channels (alpha) are filled with 1."""
    want = max(first.shape[-1], second.shape[-1])
    return _pad_channels(first, want), _pad_channels(second, want)


def adopt_channels(first: FloatArray, second: FloatArray) -> FloatArray:
    """`second` with the channel count of `first`: cut, or filled with 1."""
    want = first.shape[-1]
    return second[..., :want] if second.shape[-1] > want else _pad_channels(second, want)


def _pad_channels(pixels: FloatArray, want: int) -> FloatArray:
    missing = want - pixels.shape[-1]
    if missing <= 0:
        return pixels
    return np.concatenate([pixels, np.ones((*pixels.shape[:-1], missing), np.float32)], axis=-1)


def repeat_to(pixels: FloatArray, count: int) -> FloatArray:
    """The batch cut or repeated from its start so that it has `count` entries."""
    if pixels.shape[0] == count:
        return pixels
    return pixels[np.arange(count) % pixels.shape[0]]
