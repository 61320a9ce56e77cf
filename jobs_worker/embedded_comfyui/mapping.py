"""Calls a node: once, or once per entry where an input is a list of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .imaging.limits import check_held
from .nodes.base import Node, Result, Run
from .result_cache import NodeResult, size_bytes


def call_node(cls: type[Node], run: Run, inputs: dict[str, list[Any]]) -> NodeResult:
    """Run the node over its inputs (a list of values per input; shorter lists repeat their last value)."""
    instance = cls()
    if cls.INPUT_IS_LIST:
        results = [_as_result(instance.run(run, **inputs))]
    else:
        length = max((len(values) for values in inputs.values()), default=1)
        results, held = [], 0
        for index in range(length):
            results.append(_as_result(instance.run(run, **_pick(inputs, index))))
            held += sum(size_bytes(value) for value in results[-1].outputs)
            check_held(held)
    outputs = [_slot(cls, results, slot) for slot in range(len(cls.OUTPUTS))]
    return NodeResult(outputs, _merged_ui(results))


def _as_result(returned: tuple[Any, ...] | Result) -> Result:
    return returned if isinstance(returned, Result) else Result(returned)


def _pick(inputs: dict[str, list[Any]], index: int) -> dict[str, Any]:
    return {name: values[min(index, len(values) - 1)] for name, values in inputs.items()}


def _slot(cls: type[Node], results: list[Result], slot: int) -> list[Any]:
    is_list = bool(cls.OUTPUT_IS_LIST and cls.OUTPUT_IS_LIST[slot])
    values: list[Any] = []
    for result in results:
        values += result.outputs[slot] if is_list else [result.outputs[slot]]
    for value in values:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False  # results are shared between nodes and prompts
    return values


def _merged_ui(results: list[Result]) -> dict[str, Any] | None:
    merged: dict[str, list[Any]] = {}
    for result in results:
        for key, values in result.ui.items():
            merged.setdefault(key, []).extend(values)
    return merged or None
