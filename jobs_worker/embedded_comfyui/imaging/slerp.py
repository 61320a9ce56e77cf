"""Scaling that turns a cell's channels, seen as a vector, on the sphere instead of mixing them."""

from __future__ import annotations

import numpy as np

from .convert import FloatArray
from .resample import crop_to_aspect

_PARALLEL = 1.0 - 1e-5


def slerp_resize(samples: FloatArray, width: int, height: int, crop: str = "disabled") -> FloatArray:
    """Scale samples [batch, channels, height, width] by spherical interpolation, first along the rows."""
    vectors = np.moveaxis(samples, 1, -1)
    if crop == "center":
        vectors = crop_to_aspect(vectors, width, height)
    vectors = _along(_along(vectors, width, 2), height, 1)
    return np.ascontiguousarray(np.moveaxis(vectors, -1, 1), dtype=np.float32)


def _along(vectors: FloatArray, size: int, axis: int) -> FloatArray:
    old = vectors.shape[axis]
    at = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(old / size) - np.float32(0.5)
    at = np.clip(at, 0, old - 1)
    low = np.floor(at).astype(np.int64)
    shape = [1] * vectors.ndim
    shape[axis] = size
    first, second = np.take(vectors, low, axis), np.take(vectors, np.minimum(low + 1, old - 1), axis)
    return _slerp(first, second, (at - low).astype(np.float32).reshape(shape))


def _slerp(first: FloatArray, second: FloatArray, share: FloatArray) -> FloatArray:
    length, other_length = (np.linalg.norm(one, axis=-1, keepdims=True) for one in (first, second))
    direction, other = _divided(first, length), _divided(second, other_length)
    cosine = np.sum(direction * other, axis=-1, keepdims=True)
    angle = np.arccos(np.clip(cosine, -1, 1))
    sine = np.sin(angle)
    turned = _divided(np.sin((1 - share) * angle), sine) * direction
    turned = turned + _divided(np.sin(share * angle), sine) * other
    turned = turned * (length * (1 - share) + other_length * share)
    turned = np.where(cosine > _PARALLEL, first, turned)
    return np.where(cosine < -_PARALLEL, first * (1 - share) + second * share, turned)


def _divided(value: FloatArray, by: FloatArray) -> FloatArray:
    return np.divide(
        value, by, out=np.zeros(np.broadcast_shapes(value.shape, by.shape), np.float32), where=by != 0
    )
