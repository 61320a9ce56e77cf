"""Runs the nodes of a prompt in order, reusing kept results."""

from __future__ import annotations

import copy
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from .folders import Folders
from .imaging.limits import check_held
from .mapping import call_node
from .nodes import NODES
from .prompt_queue import Item
from .prompt_run import Announcer, PromptInterruptedError, PromptRun
from .result_cache import NodeResult, ResultCache
from .signature import Signatures, is_link, known_inputs, sources

_SHOWN_CHARACTERS = 200


class Executor:
    """Used by the worker thread; `current_node` may be read by others."""

    def __init__(
        self, folders: Folders, announcer: Announcer, cache: ResultCache, metadata: bool = True
    ) -> None:
        self._folders = folders
        self._announcer = announcer
        self._cache = cache
        self._metadata = metadata
        self._run: PromptRun | None = None

    @property
    def current_node(self) -> str | None:
        """Id of the node that runs now."""
        run = self._run
        return run.node_id or None if run else None

    def execute(self, item: Item) -> dict[str, Any]:
        """Run the prompt; its history entry (outputs, status, meta). Errors of nodes do not raise."""
        run = self._run = PromptRun(item, self._folders, self._announcer, self._metadata)
        plan = _Plan(run, self._cache)
        run.record("execution_start")
        completed = False
        try:
            plan.prepare()
            plan.work()
            run.record("execution_success")
            completed = True
        except PromptInterruptedError:
            run.record("execution_interrupted", True, **plan.where(), executed=list(plan.executed))
        except Exception as error:  # noqa: BLE001 - what a node raises belongs to its prompt
            run.record(
                "execution_error", **plan.where(), executed=list(plan.executed), **plan.described(error)
            )
        finally:
            self._run = None
        status = {"status_str": "success" if completed else "error", "completed": completed}
        meta = {key: _meta(key) for key in plan.shown}
        return {"outputs": plan.shown, "status": {**status, "messages": run.messages}, "meta": meta}


def _meta(node_id: str) -> dict[str, Any]:
    return {"node_id": node_id, "display_node": node_id, "parent_node": None, "real_node_id": node_id}


class _Plan:
    def __init__(self, run: PromptRun, cache: ResultCache) -> None:
        self._run = run
        self._cache = cache
        self._prompt = run.item.prompt
        self._signatures = Signatures(self._prompt, run.folders)
        self._results: dict[str, NodeResult] = {}
        self._todo: dict[str, set[str]] = {}
        self._inputs: dict[str, Any] = {}
        self.executed: list[str] = []
        self.shown: dict[str, Any] = {}

    def prepare(self) -> None:
        """Find kept results, and what has to run."""
        signatures = {node_id: self._signatures.of(node_id) for node_id in self._prompt}
        self._cache.keep_only(set(signatures.values()))
        for node_id, signature in signatures.items():
            result = self._cache.get(signature)
            if result is not None:
                self._results[node_id] = result
        self._run.record("execution_cached", nodes=list(self._results))
        self._run.prompt = self._with_fingerprints()
        for node_id, result in self._results.items():
            if result.ui is not None:
                self.shown[node_id] = result.ui
                if node_id in self._run.item.outputs:
                    self._run.reuse_output(node_id, result.ui)
        for output in self._run.item.outputs:
            self._need(output)

    def _with_fingerprints(self) -> dict[str, Any]:
        """The prompt as it is written into pictures: file nodes carry their file's hash."""
        noted = copy.deepcopy(self._prompt)
        for node_id, fingerprint in self._signatures.fingerprints.items():
            noted[node_id]["is_changed"] = [fingerprint]
        return noted

    def _need(self, output: str) -> None:
        waiting = [output]
        while waiting:
            node_id = waiting.pop()
            if node_id in self._results or node_id in self._todo:
                continue
            links = sources(self._prompt, node_id)
            self._todo[node_id] = {link for link in links if link not in self._results}
            waiting += links

    def work(self) -> None:
        """Run what is needed, outputs as early as possible."""
        while self._todo:
            ready = [node_id for node_id, before in self._todo.items() if not before]
            node_id = min(ready, key=self._rank)
            self._run_node(node_id)
            del self._todo[node_id]
            for before in self._todo.values():
                before.discard(node_id)
            self._release()
            check_held(sum(result.size_bytes() for result in self._results.values()))
        self._run.node_id = ""

    def _rank(self, node_id: str) -> tuple[int, int]:
        followers = [other for other, before in self._todo.items() if node_id in before]
        if self._is_output(node_id):
            urgency = 0
        else:
            urgency = 1 if any(self._is_output(other) for other in followers) else 2
        return urgency, list(self._prompt).index(node_id)

    def _is_output(self, node_id: str) -> bool:
        return NODES[self._prompt[node_id]["class_type"]].IS_OUTPUT

    def _release(self) -> None:
        """Drop results that nothing waits for: a long chain of big pictures does not add up in memory."""
        wanted = {source for node_id in self._todo for source in sources(self._prompt, node_id)}
        self._results = {node_id: result for node_id, result in self._results.items() if node_id in wanted}

    def _run_node(self, node_id: str) -> None:
        # A twin with the same inputs may have run a moment ago.
        signature = self._signatures.of(node_id)
        result = self._cache.get(signature)
        if result is None:
            self._run.start_node(node_id)
            result = self._compute(node_id)
            self._cache.put(signature, result)
            if result.ui is not None:
                self._run.executed(node_id, result.ui)
            self._run.finish_node(node_id)
            self.executed.append(node_id)
        elif result.ui is not None:
            self._run.reuse_output(node_id, result.ui)
        if result.ui is not None:
            self.shown[node_id] = result.ui
        self._results[node_id] = result

    def _compute(self, node_id: str) -> NodeResult:
        cls = NODES[self._prompt[node_id]["class_type"]]
        self._inputs = {}
        for name, value in known_inputs(self._prompt, node_id).items():
            self._inputs[name] = self._results[value[0]].outputs[value[1]] if is_link(value) else [value]
        return call_node(cls, self._run, self._inputs)

    def where(self) -> dict[str, Any]:
        """The node at which the run stopped."""
        node_id = self._run.node_id
        return {
            "node_id": node_id or None,
            "node_type": self._prompt[node_id]["class_type"] if node_id else None,
        }

    def described(self, error: Exception) -> dict[str, Any]:
        """An error for execution_error, without paths of this machine."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [
            f'  File "{Path(frame.filename).name}", line {frame.lineno}, in {frame.name}' for frame in frames
        ]
        return {
            "exception_message": f"{error}\n",
            "exception_type": _type_name(error),
            "traceback": lines,
            "current_inputs": {
                name: [_shown(value) for value in values] for name, values in self._inputs.items()
            },
            "current_outputs": list(self._prompt),
        }


def _type_name(error: Exception) -> str:
    module = type(error).__module__
    own = module == "builtins" or module.startswith(__package__ or "")
    return type(error).__name__ if own else f"{module}.{type(error).__name__}"


def _shown(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return f"picture of shape {list(value.shape)}"
    return value if isinstance(value, int | float | bool | None) else str(value)[:_SHOWN_CHARACTERS]
