"""How far a prompt is, from the engine's own messages only."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from creator_app.integrations.comfyui.protocol import Message


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
    """

    percent: float
    node: str | None = None
    class_type: str | None = None
    value: float | None = None
    max: float | None = None
    preview: bytes | None = None


class ProgressMeter:
    """Adds up nodes: cached and finished ones count whole, the running one by its steps.

    Args:
        prompt: the API prompt, for the node classes.
        weights: how long each node class usually takes, in any one unit; 1 where unknown.
    """

    def __init__(self, prompt: Mapping[str, Any], weights: Mapping[str, float] | None = None) -> None:
        self._classes = {str(node_id): str(node.get("class_type", "")) for node_id, node in prompt.items()}
        weights = weights or {}
        self._weights = {node_id: weights.get(name, 1.0) for node_id, name in self._classes.items()}
        self._total = sum(self._weights.values()) or 1.0
        self._share: dict[str, float] = {}
        self._steps: tuple[float | None, float | None] = (None, None)
        self._node: str | None = None
        self._highest = 0.0

    def take(self, message: Message) -> ProgressEvent | None:
        """Takes a message of this prompt; gives an event where something changed."""
        data = message.data
        match message.type:
            case "execution_cached":
                nodes = data.get("nodes")
                self._share.update({str(node): 1.0 for node in nodes} if isinstance(nodes, list) else {})
            case "executing" if data.get("node") is not None:
                self._node, self._steps = str(data["node"]), (None, None)
            case "progress_state":
                self._take_states(data.get("nodes"))
            case "executed":
                self._share[str(data.get("node"))] = 1.0
            case _:
                return None
        return self.event()

    def event(self, preview: bytes | None = None) -> ProgressEvent:
        """Where things stand now."""
        done = sum(
            self._weights[node] * share for node, share in self._share.items() if node in self._weights
        )
        self._highest = max(self._highest, min(100.0, 100.0 * done / self._total))
        value, most = self._steps
        class_type = self._classes.get(self._node or "")
        return ProgressEvent(self._highest, self._node, class_type, value, most, preview)

    def _take_states(self, nodes: object) -> None:
        for node_id, state in nodes.items() if isinstance(nodes, dict) else ():
            if not isinstance(state, dict):
                continue
            value, most = _number(state.get("value")), _number(state.get("max"))
            if state.get("state") == "finished":
                self._share[str(node_id)] = 1.0
            else:
                self._share[str(node_id)] = min(1.0, value / most) if most > 0 else 0.0
                self._node, self._steps = str(node_id), (value, most)


def _number(value: object) -> float:
    # A node may say what it likes; what is no number would break a page.
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
