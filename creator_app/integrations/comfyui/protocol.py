"""ComfyUI's messages and histories as plain values. Unknown messages are ignored, not refused."""

import json
import struct
from dataclasses import dataclass, field
from typing import Any, Final

_PREVIEW: Final = 1
_PREVIEW_WITH_METADATA: Final = 4
_KINDS_OF_OUTPUT_TO_SKIP: Final = frozenset({"animated", "text"})


@dataclass(frozen=True)
class Message:
    """A JSON message of the websocket."""

    type: str
    data: dict[str, Any]

    @property
    def prompt_id(self) -> str | None:
        """Which prompt it is about; some messages do not say."""
        found = self.data.get("prompt_id")
        return str(found) if found is not None else None


@dataclass(frozen=True)
class Preview:
    """A preview picture: JPEG or PNG bytes; ids only where the server sends them."""

    picture: bytes
    prompt_id: str | None = None
    node: str | None = None


@dataclass(frozen=True)
class OutputFile:
    """A file that a prompt made."""

    node_id: str
    filename: str
    subfolder: str
    type: str


@dataclass(frozen=True)
class History:
    """What ``/history/{id}`` says of a finished prompt.

    Attributes:
        status: ``success`` or ``error``.
        messages: type and data, in order.
        files: of all nodes, by node id.
    """

    status: str
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: list[OutputFile] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether the whole prompt worked."""
        return self.status == "success"

    @property
    def run_seconds(self) -> float | None:
        """From start to end by the server's own clock."""
        times = [
            data["timestamp"] for _, data in self.messages if isinstance(data.get("timestamp"), int | float)
        ]
        return (max(times) - min(times)) / 1000 if len(times) > 1 else None

    def last(self, kind: str) -> dict[str, Any] | None:
        """The data of the last message of a kind."""
        return next((data for name, data in reversed(self.messages) if name == kind), None)


@dataclass(frozen=True)
class Pending:
    """The prompt waits on the server."""


@dataclass(frozen=True)
class Running:
    """The server works on the prompt."""


@dataclass(frozen=True)
class Finished:
    """The prompt has ended."""

    history: History


@dataclass(frozen=True)
class Unknown:
    """The server has never heard of the prompt, or forgot it in a crash."""


Found = Pending | Running | Finished | Unknown


def parse_text(text: str | bytes) -> Message | None:
    """A JSON frame; ``None`` for what is no message."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("data"), dict):
        return None
    return Message(str(parsed.get("type")), parsed["data"])


def parse_binary(frame: bytes) -> Preview | None:
    """A binary frame: ``u32be`` event, then a picture, with metadata before it for event 4."""
    if len(frame) < 8:
        return None
    event, second = struct.unpack(">II", frame[:8])
    if event == _PREVIEW:
        return Preview(frame[8:])
    if event == _PREVIEW_WITH_METADATA and len(frame) >= 8 + second:
        try:
            metadata = json.loads(frame[8 : 8 + second])
        except (ValueError, RecursionError):
            return None
        if isinstance(metadata, dict):
            return Preview(frame[8 + second :], metadata.get("prompt_id"), metadata.get("node_id"))
    return None


def parse_history(entry: dict[str, Any]) -> History:
    """One entry of ``/history``. Every list of files counts, whatever a custom node calls it."""
    status = _as_dict(entry.get("status"))
    messages = [
        (str(row[0]), row[1])
        for row in status.get("messages") or []
        if isinstance(row, list) and len(row) == 2 and isinstance(row[1], dict)
    ]
    files = [
        OutputFile(
            str(node_id), row["filename"], str(row.get("subfolder") or ""), str(row.get("type") or "output")
        )
        for node_id, outputs in _as_dict(entry.get("outputs")).items()
        for kind, rows in _as_dict(outputs).items()
        if kind not in _KINDS_OF_OUTPUT_TO_SKIP and isinstance(rows, list)
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("filename"), str)
    ]
    files.sort(key=lambda file: (_node_order(file.node_id), file.filename))
    return History(str(status.get("status_str", "")), messages, files)


def _as_dict(value: object) -> dict[str, Any]:
    # Nodes that others wrote put there what they like.
    return value if isinstance(value, dict) else {}


def _node_order(node_id: str) -> tuple[int, str]:
    # The order of keys in history is not fixed, so results are put in the order of their node ids.
    return (int(node_id), "") if node_id.isdigit() else (1 << 30, node_id)
