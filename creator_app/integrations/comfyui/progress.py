"""How far a prompt is, from the engine's own messages only, and how long its nodes took."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from creator_app.integrations.comfyui.protocol import Message

#: A node that took no time still is a part of the whole.
_LEAST_WEIGHT: Final = 1e-3


@dataclass(frozen=True)
class ProgressEvent:
    """A change that is worth showing.

    Attributes:
        percent: of the whole graph, 0 to 100, never falling.
        node: id of the node that runs.
        class_type: its class.
        value: steps done inside the node.
        max: steps the node has.
        preview: an encoded picture, where this event is about one.
        quiet_s: seconds since the engine last said something of this prompt, where this event is about its
            silence: nothing else has changed then.
    """

    percent: float
    node: str | None = None
    class_type: str | None = None
    value: float | None = None
    max: float | None = None
    preview: bytes | None = None
    quiet_s: float | None = None


class ProgressMeter:
    """Adds up nodes: cached and finished ones count whole, the running one by its steps.

    Args:
        prompt: the API prompt, for the node classes.
        weights: how long a node of each class usually takes, in any one unit; a class that is not among
            them counts as the median of those that are.
    """

    def __init__(self, prompt: Mapping[str, Any], weights: Mapping[str, float] | None = None) -> None:
        self._classes = {str(node_id): str(node.get("class_type", "")) for node_id, node in prompt.items()}
        known = {name: max(seconds, _LEAST_WEIGHT) for name, seconds in (weights or {}).items()}
        usual = median(known.values()) if known else 1.0
        self._weights = {node_id: known.get(name, usual) for node_id, name in self._classes.items()}
        self._total = sum(self._weights.values()) or 1.0
        self._share: dict[str, float] = {}
        self._steps: tuple[float | None, float | None] = (None, None)
        self._node: str | None = None
        self._highest = 0.0
        self._watch = _StopWatch()

    def take(self, message: Message, at: float = 0.0) -> ProgressEvent | None:
        """Takes a message of this prompt; gives an event where something changed.

        Args:
            message: as it came.
            at: when it came, in seconds of any one clock.
        """
        data = message.data
        match message.type:
            case "execution_cached":
                nodes = data.get("nodes")
                self._share.update({str(node): 1.0 for node in nodes} if isinstance(nodes, list) else {})
            case "executing":
                self._watch.switch(str(data["node"]) if data.get("node") is not None else None, at)
                if data.get("node") is None:
                    return None
                self._node, self._steps = str(data["node"]), (None, None)
            case "progress_state":
                self._take_states(data.get("nodes"), at)
            case "executed":
                self._share[str(data.get("node"))] = 1.0
            case "execution_success" | "execution_error" | "execution_interrupted":
                self._watch.switch(None, at)
                return None
            case _:
                return None
        return self.event()

    def interrupted(self) -> None:
        """News may have been lost: what runs now can't be timed."""
        self._watch.forget()

    def event(self, preview: bytes | None = None, quiet_s: float | None = None) -> ProgressEvent:
        """Where things stand now."""
        done = sum(
            self._weights[node] * share for node, share in self._share.items() if node in self._weights
        )
        self._highest = max(self._highest, min(100.0, 100.0 * done / self._total))
        value, most = self._steps
        class_type = self._classes.get(self._node or "")
        return ProgressEvent(self._highest, self._node, class_type, value, most, preview, quiet_s)

    @property
    def nearly_done(self) -> bool:
        """Whether nothing but the last node is left."""
        return sum(1 for node in self._weights if self._share.get(node, 0.0) < 1.0) <= 1

    @property
    def seconds_by_class(self) -> dict[str, float]:
        """How long one node of each class took on average, of those that ran and were heard whole."""
        by_class: dict[str, list[float]] = {}
        for node, seconds in self._watch.seconds.items():
            if node in self._classes:
                by_class.setdefault(self._classes[node], []).append(seconds)
        return {name: sum(times) / len(times) for name, times in by_class.items()}

    def _take_states(self, nodes: object, at: float) -> None:
        for node_id, state in nodes.items() if isinstance(nodes, dict) else ():
            if not isinstance(state, dict):
                continue
            node = str(node_id)
            value, most = _number(state.get("value")), _number(state.get("max"))
            if state.get("state") == "finished":
                self._share[node] = 1.0
                self._watch.finish(node, at)
            else:
                self._share[node] = min(1.0, max(0.0, value / most)) if most > 0 else 0.0
                self._node, self._steps = node, (value, most)
                self._watch.start(node, at)


class _StopWatch:
    """Times the nodes of one prompt: they run one after the other."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._node: str | None = None
        self._since: float | None = None
        self._unsure = False

    def start(self, node: str, at: float) -> None:
        if node not in self.seconds:
            self.switch(node, at)

    def switch(self, node: str | None, at: float) -> None:
        if node == self._node:
            return
        if self._node is not None:
            self.finish(self._node, at)
        # The first node that is heard of after a gap began nobody knows when.
        self._node, self._since, self._unsure = node, None if self._unsure else at, False

    def finish(self, node: str, at: float) -> None:
        if node == self._node:
            if self._since is not None:
                self.seconds[node] = max(0.0, at - self._since)
            self._node = None

    def forget(self) -> None:
        self._node, self._unsure = None, True


def _number(value: object) -> float:
    # A node may say what it likes; what is no number would break a page.
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
