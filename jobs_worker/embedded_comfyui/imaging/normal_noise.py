"""Gaussian noise with the numbers that PyTorch's CPU generator gives for a seed.

Mersenne Twister words, 24 bits of each as a value from 0 to 1, then Box-Muller over blocks of sixteen: the
first eight are radii, the other eight angles. A rest shorter than a block is covered by drawing the last
sixteen anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .convert import FloatArray

_BLOCK = 16
_BITS_24 = (1 << 24) - 1
_BITS_53 = (1 << 53) - 1
_DRAWN_AT_ONCE = 1 << 16


def normal_noise(count: int, seed: int, check: Callable[[], None] = lambda: None) -> FloatArray:
    """`count` values of mean 0 and deviation 1.

    Args:
        count: how many.
        seed: its lower 32 bits count.
        check: called now and then; may raise to stop.
    """
    words = np.random.RandomState(seed & 0xFFFFFFFF)
    if count < _BLOCK:
        return _few(words, count)
    noise = np.empty(count, np.float32)
    whole = count - count % _BLOCK
    for start in range(0, whole, _DRAWN_AT_ONCE):
        check()
        part = noise[start : min(start + _DRAWN_AT_ONCE, whole)]
        _fill(part, _uniform(words, part.size))
    if count > whole:
        # The rest's own draws come before those of the block that covers it.
        _uniform(words, count - whole)
        _fill(noise[-_BLOCK:], _uniform(words, _BLOCK))
    return noise


def _uniform(words: np.random.RandomState, count: int) -> FloatArray:
    drawn = words.randint(0, 1 << 32, count, dtype=np.uint32) & np.uint32(_BITS_24)
    return drawn.astype(np.float32) * np.float32(2.0**-24)


def _fill(noise: FloatArray, uniform: FloatArray) -> None:
    pairs, result = uniform.reshape(-1, 2, _BLOCK // 2), noise.reshape(-1, 2, _BLOCK // 2)
    # Arrays without gaps: the vectorised functions need them.
    radius = np.float32(1.0) - pairs[:, 0]
    np.log(radius, out=radius)
    radius *= np.float32(-2.0)
    np.sqrt(radius, out=radius)
    angle = pairs[:, 1] * np.float32(2.0 * math.pi)
    np.multiply(radius, np.cos(angle), out=result[:, 0])
    np.multiply(radius, np.sin(angle), out=result[:, 1])


def _few(words: np.random.RandomState, count: int) -> FloatArray:
    """Under sixteen values PyTorch draws pairs in double precision."""
    values: list[float] = []
    while len(values) < count:
        angle, share = (_double(words) for _ in range(2))
        radius = math.sqrt(-2.0 * math.log1p(-share))
        values += [radius * math.cos(2.0 * math.pi * angle), radius * math.sin(2.0 * math.pi * angle)]
    return np.array(values[:count], np.float32)


def _double(words: np.random.RandomState) -> float:
    high, low = (int(word) for word in words.randint(0, 1 << 32, 2, dtype=np.uint32))
    return ((high << 32 | low) & _BITS_53) * 2.0**-53
