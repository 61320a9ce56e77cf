"""Results of the last prompt's nodes by signature, bounded in bytes: least recently used first out."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

_OVERHEAD_BYTES = 1024


@dataclass(frozen=True)
class NodeResult:
    """What a node left: per output slot a list of values, and what it showed to the user."""

    outputs: list[list[Any]]
    ui: dict[str, Any] | None

    def size_bytes(self) -> int:
        return _OVERHEAD_BYTES + sum(size_bytes(value) for slot in self.outputs for value in slot)


def size_bytes(value: Any) -> int:
    """Memory that a value takes, small things left out."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict):  # a latent, or a sound
        return sum(size_bytes(part) for part in value.values())
    if isinstance(value, str):
        return len(value)
    return getattr(value, "size_bytes", 0)


class ResultCache:
    """Used by the worker thread alone, except for clear()."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._results: OrderedDict[str, NodeResult] = OrderedDict()

    def get(self, signature: str | None) -> NodeResult | None:
        """The kept result; it counts as used now."""
        if signature is None or signature not in self._results:
            return None
        self._results.move_to_end(signature)
        return self._results[signature]

    def keep_only(self, signatures: set[str | None]) -> None:
        """Drop what the prompt that begins now does not contain: ComfyUI keeps the last prompt's results."""
        for signature in [known for known in self._results if known not in signatures]:
            self._size_bytes -= self._results.pop(signature).size_bytes()

    def put(self, signature: str | None, result: NodeResult) -> None:
        """Keep a result, unless it alone is over the limit."""
        size = result.size_bytes()
        if signature is None or size > self._limit_bytes or signature in self._results:
            return
        self._results[signature] = result
        self._size_bytes += size
        while self._size_bytes > self._limit_bytes:
            _, oldest = self._results.popitem(last=False)
            self._size_bytes -= oldest.size_bytes()
