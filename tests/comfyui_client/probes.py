"""Prompts for the built-in engine's probe nodes."""

import uuid
from typing import Any


def prompt(probe: str, **inputs: Any) -> dict[str, Any]:
    """Empty picture → a probe → saved; every call's picture is another one."""
    seed = uuid.uuid4().int % 2**24
    empty = {"width": 64, "height": 64, "batch_size": 1, "color": seed}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": probe, "inputs": {"image": ["1", 0], **inputs}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "probe/x"}},
    }


def steps(count: int, preview: bool = False) -> dict[str, Any]:
    """That many steps of 20 ms."""
    return prompt("ProbeSteps", steps=count, step_ms=20, preview=preview, seed=1)
