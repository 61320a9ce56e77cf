"""How far a prompt is, from the engine's own messages only."""

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
                for node_id in data.get("nodes", []):
                    self._share[str(node_id)] = 1.0
            case "executing" if data.get("node") is not None:
                self._node, self._steps = str(data["node"]), (None, None)
            case "progress_state":
                self._take_states(data.get("nodes") or {})
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

    def _take_states(self, nodes: Mapping[str, Any]) -> None:
        for node_id, state in nodes.items():
            value, most = float(state.get("value") or 0), float(state.get("max") or 0)
            if state.get("state") == "finished":
                self._share[str(node_id)] = 1.0
            else:
                self._share[str(node_id)] = min(1.0, value / most) if most > 0 else 0.0
                self._node, self._steps = str(node_id), (value, most)
