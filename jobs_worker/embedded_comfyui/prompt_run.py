"""One prompt while it runs: tells the websocket what happens and looks for the interrupt flag."""

from __future__ import annotations

import io
import time
from typing import Any, Protocol

from PIL import Image

from .folders import Folders
from .prompt_queue import Item

_PREVIEW_SIDE_PX = 512


class PromptInterruptedError(Exception):
    """The prompt was cancelled while it ran."""


class Announcer(Protocol):
    """Where messages go. Both may be called from any thread; client_id None means everybody."""

    def send(self, event: str, data: dict[str, Any], client_id: str | None) -> None: ...

    def send_preview(
        self, jpeg: bytes, data: dict[str, Any], progress: dict[str, Any], client_id: str | None
    ) -> None: ...


class PromptRun:
    """What nodes see as `run`, and the message order of a run."""

    def __init__(self, item: Item, folders: Folders, announcer: Announcer, metadata: bool) -> None:
        self.item = item
        self.folders = folders
        self.prompt: dict[str, Any] = item.prompt
        self.png_info = dict(item.extra_data.get("extra_pnginfo") or {}) if metadata else None
        self.node_id = ""
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self._announcer = announcer
        self._states: dict[str, dict[str, Any]] = {}

    def tell(self, event: str, data: dict[str, Any]) -> None:
        """Send to the prompt's own client; without one nobody hears it."""
        if self.item.client_id is not None:
            self._announcer.send(event, {**data, "prompt_id": self.item.prompt_id}, self.item.client_id)

    def record(self, event: str, everybody: bool = False, **data: Any) -> None:
        """Send a message of the prompt's life and keep it for the history."""
        whole = {"prompt_id": self.item.prompt_id, **data, "timestamp": int(time.time() * 1000)}
        self.messages.append((event, whole))
        if self.item.client_id is not None or everybody:
            self._announcer.send(event, whole, self.item.client_id)

    def check_interrupt(self) -> None:
        """Raise PromptInterruptedError when the prompt was cancelled."""
        if self.item.interrupt.is_set():
            raise PromptInterruptedError

    def start_node(self, node_id: str) -> None:
        """A node begins."""
        self.node_id = node_id
        self._set_state(node_id, 0.0, 1.0, "running")
        self.tell("executing", {"node": node_id, "display_node": node_id})
        self.check_interrupt()

    def finish_node(self, node_id: str) -> None:
        """A node has ended well."""
        maximum = self._states[node_id]["max"]
        self._set_state(node_id, maximum, maximum, "finished")

    def reuse_output(self, node_id: str, ui: dict[str, Any]) -> None:
        """An output node whose result was kept counts as executed."""
        self.executed(node_id, ui)
        self._set_state(node_id, 1, 1, "finished")

    def executed(self, node_id: str, ui: dict[str, Any]) -> None:
        """A node's results for the user."""
        self.tell("executed", {"node": node_id, "display_node": node_id, "output": ui})

    def progress(self, value: int, maximum: int, preview: Image.Image | None = None) -> None:
        """Report a step of the running node; raises PromptInterruptedError when the prompt was cancelled."""
        self.check_interrupt()
        self._set_state(self.node_id, value, maximum, "running")
        progress = {"value": value, "max": maximum, "prompt_id": self.item.prompt_id, "node": self.node_id}
        if preview is None:
            self._announcer.send("progress", progress, self.item.client_id)
            return
        data = {key: self._states[self.node_id][key] for key in _PREVIEW_KEYS}
        data["image_type"] = "image/jpeg"
        self._announcer.send_preview(_jpeg(preview), data, progress, self.item.client_id)

    def _set_state(self, node_id: str, value: float, maximum: float, state: str) -> None:
        self._states[node_id] = {
            "value": value,
            "max": maximum,
            "state": state,
            "node_id": node_id,
            "prompt_id": self.item.prompt_id,
            "display_node_id": node_id,
            "parent_node_id": None,
            "real_node_id": node_id,
        }
        data = {"prompt_id": self.item.prompt_id, "nodes": dict(self._states)}
        self._announcer.send("progress_state", data, self.item.client_id)


_PREVIEW_KEYS = ("node_id", "prompt_id", "display_node_id", "parent_node_id", "real_node_id")


def _jpeg(picture: Image.Image) -> bytes:
    small = picture.convert("RGB")
    small.thumbnail((_PREVIEW_SIDE_PX, _PREVIEW_SIDE_PX))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
