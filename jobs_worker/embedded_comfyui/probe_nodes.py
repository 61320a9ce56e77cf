"""Nodes whose duration and outcome are chosen, for tests and measurements; only there with --probe-nodes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PIL import Image

from .imaging.convert import FloatArray
from .nodes.base import IMAGE, Node, Run, inputs, integer, node, switch, text

_SEED = integer(0, 0, 0xFFFFFFFF, step=None)


@node("ProbeSteps", "ProbeSteps", "probe")
class ProbeSteps(Node):
    """Passes the picture on after `steps` steps of `step_ms` ms, each with progress and a preview."""

    REQUIRED = inputs(
        image=IMAGE,
        steps=integer(20, 1, 10000, step=None),
        step_ms=integer(50, 0, 60000, step=None),
        preview=switch(True),
        seed=_SEED,
    )
    OUTPUTS = ("IMAGE",)

    def run(
        self, run: Run, image: FloatArray, steps: int, step_ms: int, preview: bool, seed: int
    ) -> tuple[Any, ...]:
        for step in range(1, steps + 1):
            time.sleep(step_ms / 1000)
            level = 255 * step // steps
            picture = Image.fromarray(np.full((48, 64, 3), level, np.uint8)) if preview else None
            run.progress(step, steps, picture)
        return (image,)


@node("ProbeBlock", "ProbeBlock", "probe")
class ProbeBlock(Node):
    """Sleeps `ms` ms and never looks whether it was cancelled."""

    REQUIRED = inputs(image=IMAGE, ms=integer(1000, 0, 600000, step=None), seed=_SEED)
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, ms: int, seed: int) -> tuple[Any, ...]:
        time.sleep(ms / 1000)
        return (image,)


@node("ProbeFail", "ProbeFail", "probe")
class ProbeFail(Node):
    """Fails with the given message."""

    REQUIRED = inputs(image=IMAGE, message=text("probe failure"))
    OUTPUTS = ("IMAGE",)

    def run(self, run: Run, image: FloatArray, message: str) -> tuple[Any, ...]:
        raise RuntimeError(message)
