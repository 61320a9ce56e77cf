"""Nodes that draw random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..imaging.convert import FloatArray
from ..imaging.normal_noise import normal_noise
from .base import IMAGE, Node, Run, inputs, node, number

_SEED = {
    "default": 0,
    "min": 0,
    "max": 0xFFFFFFFFFFFFFFFF,
    "control_after_generate": True,
    "tooltip": "The random seed used for creating the noise.",
}


@node("ImageAddNoise", "ImageAddNoise", "image", "images")
class ImageAddNoise(Node):
    REQUIRED = inputs(image=IMAGE, seed=("INT", _SEED), strength=number(0.5, 0.0, 1.0))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, seed: int, strength: float) -> tuple[Any, ...]:
        noise = normal_noise(image.size, seed, run.check_interrupt).reshape(image.shape)
        noise *= np.float32(strength)
        noise += image
        return (np.clip(noise, 0, 1, out=noise),)
