"""Nodes that take latents together or apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..imaging.convert import FloatArray
from ..latents import PX_PER_CELL, Latent, check_cells, like, masks, numbers
from .base import Run, inputs, integer, link, node, number
from .latent import LATENT, LatentNode, changed

_PAIR = inputs(samples1=link("LATENT"), samples2=link("LATENT"))


@node("LatentAdd", None, "latent/advanced", "latent")
class LatentAdd(LatentNode):
    REQUIRED = _PAIR

    def run(self, run: Run, samples1: Latent, samples2: Latent) -> tuple[Any, ...]:
        first = samples1["samples"]
        return changed(samples1, first + like(first, samples2["samples"]))


@node("LatentSubtract", None, "latent/advanced", "latent")
class LatentSubtract(LatentNode):
    REQUIRED = _PAIR

    def run(self, run: Run, samples1: Latent, samples2: Latent) -> tuple[Any, ...]:
        first = samples1["samples"]
        return changed(samples1, first - like(first, samples2["samples"]))


@node("LatentMultiply", None, "latent/advanced", "latent")
class LatentMultiply(LatentNode):
    REQUIRED = inputs(samples=link("LATENT"), multiplier=number(1.0, -10.0, 10.0))

    def run(self, run: Run, samples: Latent, multiplier: float) -> tuple[Any, ...]:
        return changed(samples, samples["samples"] * np.float32(multiplier))


@node("LatentBatch", None, "latent/batch", "latent")
class LatentBatch(LatentNode):
    REQUIRED = _PAIR

    def run(self, run: Run, samples1: Latent, samples2: Latent) -> tuple[Any, ...]:
        first = samples1["samples"]
        second = like(first, samples2["samples"], repeat=False)
        check_cells(first.shape[3], first.shape[2], (len(first) + len(second)) * first.shape[1])
        together = np.concatenate([first, second])
        return changed(samples1, together, batch_index=numbers(samples1) + numbers(samples2))


@node("LatentFromBatch", "Latent From Batch", "latent/batch")
class LatentFromBatch(LatentNode):
    REQUIRED = inputs(
        samples=LATENT, batch_index=integer(0, 0, 63, step=None), length=integer(1, 1, 64, step=None)
    )

    def run(self, run: Run, samples: Latent, batch_index: int, length: int) -> tuple[Any, ...]:
        start = min(len(samples["samples"]) - 1, batch_index)
        part = slice(start, start + length)
        more: dict[str, Any] = {"batch_index": numbers(samples)[part]}
        if (mask := masks(samples)) is not None:
            more["noise_mask"] = (mask if len(mask) == 1 else mask[part]).copy()
        return changed(samples, samples["samples"][part].copy(), **more)


@node("RepeatLatentBatch", "Repeat Latent Batch", "latent/batch")
class RepeatLatentBatch(LatentNode):
    REQUIRED = inputs(samples=LATENT, amount=integer(1, 1, 64, step=None))

    def run(self, run: Run, samples: Latent, amount: int) -> tuple[Any, ...]:
        values, more = samples["samples"], {}
        check_cells(values.shape[3], values.shape[2], len(values) * values.shape[1] * amount)
        if (mask := masks(samples)) is not None:
            more["noise_mask"] = mask if len(mask) == 1 else np.tile(mask, (amount, 1, 1, 1))
        if "batch_index" in samples:
            found = numbers(samples)
            step = max(found) - min(found) + 1
            more["batch_index"] = [number + step * turn for turn in range(amount) for number in found]
        return changed(samples, np.tile(values, (amount, 1, 1, 1)), **more)


@node("LatentComposite", "Latent Composite", "latent")
class LatentComposite(LatentNode):
    REQUIRED = inputs(
        samples_to=LATENT,
        samples_from=LATENT,
        x=integer(0, 0, step=8),
        y=integer(0, 0, step=8),
        feather=integer(0, 0, step=8),
    )

    def run(
        self, run: Run, samples_to: Latent, samples_from: Latent, x: int, y: int, feather: int
    ) -> tuple[Any, ...]:
        result = samples_to["samples"].copy()
        left, top = x // PX_PER_CELL, y // PX_PER_CELL
        rows, columns = max(0, result.shape[2] - top), max(0, result.shape[3] - left)
        source = samples_from["samples"][:, :, :rows, :columns]
        part = np.s_[:, :, top : top + source.shape[2], left : left + source.shape[3]]
        sides = (top > 0, top + source.shape[2] < result.shape[2])
        weight = _fade(source.shape[2], feather // PX_PER_CELL, *sides)[:, None]
        sides = (left > 0, left + source.shape[3] < result.shape[3])
        weight = weight * _fade(source.shape[3], feather // PX_PER_CELL, *sides)
        result[part] = source * weight + result[part] * (1 - weight)
        return changed(samples_to, result)


def _fade(length: int, feather: int, at_start: bool, at_end: bool) -> FloatArray:
    """Weights that rise over `feather` cells from the sides that lie inside of the other latent."""
    line = np.ones(length, np.float32)
    steps = np.arange(1, feather + 1, dtype=np.float32)[:length] / np.float32(max(feather, 1))
    if at_start:
        line[: len(steps)] *= steps
    if at_end:
        line[length - len(steps) :] *= steps[::-1]
    return line
