"""What a node's result depends on, as one hash: class, inputs, files, the same of all nodes before it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .folders import Folders
from .nodes import NODES


def is_link(value: Any) -> bool:
    """Whether an input value is [node id, output slot]."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )


def known_inputs(prompt: dict[str, Any], node_id: str) -> dict[str, Any]:
    """The node's inputs without those that its class does not know."""
    names = NODES[prompt[node_id]["class_type"]].input_names()
    return {name: value for name, value in prompt[node_id]["inputs"].items() if name in names}


def sources(prompt: dict[str, Any], node_id: str) -> list[str]:
    """Ids of the nodes that feed this one."""
    return [value[0] for value in known_inputs(prompt, node_id).values() if is_link(value)]


class Signatures:
    """Signatures of the nodes of one prompt, computed once each.

    `fingerprints` holds what file nodes said about their files, by node id.
    """

    def __init__(self, prompt: dict[str, Any], folders: Folders) -> None:
        self._prompt = prompt
        self._folders = folders
        self._known: dict[str, str] = {}
        self.fingerprints: dict[str, Any] = {}

    def of(self, node_id: str) -> str | None:
        """The signature, or None for a node whose description is not usable."""
        try:
            return self._of(node_id)
        except (KeyError, TypeError, AttributeError, RecursionError, OSError):
            return None

    def _of(self, node_id: str) -> str:
        if node_id not in self._known:
            description = self._prompt[node_id]
            cls = NODES[description["class_type"]]
            known = known_inputs(self._prompt, node_id)
            # Inputs that the class does not know change nothing, yet count, as in ComfyUI.
            parts = {**description["inputs"], **{name: self._input(value) for name, value in known.items()}}
            if "UNIQUE_ID" in cls.HIDDEN.values():
                parts["unique_id"] = node_id
            fingerprint = cls.fingerprint(self._folders, known)
            if fingerprint is not None:
                self.fingerprints[node_id] = fingerprint
            whole = json.dumps([cls.CLASS, parts, fingerprint], sort_keys=True)
            self._known[node_id] = hashlib.sha256(whole.encode()).hexdigest()
        return self._known[node_id]

    def _input(self, value: Any) -> Any:
        return {"from": self._of(value[0]), "slot": value[1]} if is_link(value) else {"value": value}
