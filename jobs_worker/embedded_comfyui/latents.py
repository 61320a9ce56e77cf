"""Latents: dictionaries with `samples` [batch, channels, height, width], and sometimes a noise mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from .imaging.convert import FloatArray, repeat_to
from .imaging.limits import check_size
from .imaging.resample import resize
from .imaging.slerp import slerp_resize

Latent = dict[str, Any]
PX_PER_CELL = 8
_CHANNELS_OF_A_PICTURE = 4


def resized(samples: FloatArray, width: int, height: int, method: str, crop: str = "disabled") -> FloatArray:
    """Samples scaled to `width` x `height` cells."""
    if width < 1 or height < 1:
        raise ValueError(f"A latent of {width} x {height} cells cannot be made.")
    check_cells(width, height, samples.shape[0] * samples.shape[1])
    if method == "bislerp":
        return slerp_resize(samples, width, height, crop)
    # Each channel is scaled by itself, as a picture of one channel.
    planes = samples.reshape(-1, *samples.shape[2:], 1)
    return resize(planes, width, height, method, crop).reshape(*samples.shape[:2], height, width)


def check_cells(width: int, height: int, planes: int) -> None:
    """Refuse a latent that takes more memory than the largest picture.

    Raises:
        TooLargeError: it is over the limits.
    """
    check_size(width, height, -(-planes // _CHANNELS_OF_A_PICTURE))


def like(first: FloatArray, second: FloatArray, repeat: bool = True) -> FloatArray:
    """`second` with the size (and, where wanted, the batch length) of `first`."""
    if second.shape[1:] != first.shape[1:]:
        second = resized(second, first.shape[3], first.shape[2], "bilinear", "center")
    return repeat_to(second, first.shape[0]) if repeat else second


def numbers(latent: Latent) -> list[int]:
    """The place of each entry in the batch that it was taken from."""
    return list(latent.get("batch_index", range(latent["samples"].shape[0])))


def masks(latent: Latent) -> FloatArray | None:
    """The noise mask, one per entry or one for all."""
    mask = latent.get("noise_mask")
    if mask is None or mask.shape[0] == 1:
        return mask
    return repeat_to(mask, max(mask.shape[0], latent["samples"].shape[0]))


def read_only(latent: Latent) -> Latent:
    """The latent with arrays that nobody can change: results are shared between nodes and prompts."""
    for value in latent.values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return latent
