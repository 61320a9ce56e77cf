"""ComfyUI's messages and histories as plain values. Unknown messages are ignored, not refused."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

_PREVIEW: Final = 1
_PREVIEW_WITH_METADATA: Final = 4
#: Under these names nodes show texts; other lists of strings are settings of their pages.
_TEXTS: Final = frozenset(
    {"text", "texts", "string", "strings", "tags", "caption", "captions", "prompt", "value", "result"}
)
_LONGEST_TEXT: Final = 1_000_000


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
class OutputText:
    """A text that a node gave: a caption, a prompt, a number in words."""

    node_id: str
    text: str


@dataclass(frozen=True)
class History:
    """What ``/history/{id}`` says of a finished prompt.

    Attributes:
        status: ``success`` or ``error``.
        messages: type and data, in order.
        files: of all nodes, by node id.
        texts: that nodes gave, by node id.
        seconds_by_class: how long one node of each class took, as far as it was heard; empty for a prompt
            that nobody listened to.
    """

    status: str
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: list[OutputFile] = field(default_factory=list)
    texts: list[OutputText] = field(default_factory=list)
    seconds_by_class: dict[str, float] = field(default_factory=dict)

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
    """One entry of ``/history``. Every file counts, whatever a custom node calls its list of them."""
    status = _as_dict(entry.get("status"))
    messages = [
        (str(row[0]), row[1])
        for row in status.get("messages") or []
        if isinstance(row, list) and len(row) == 2 and isinstance(row[1], dict)
    ]
    outputs = [
        (str(node_id), str(kind), rows if isinstance(rows, list) else [rows])
        for node_id, of_node in _as_dict(entry.get("outputs")).items()
        for kind, rows in _as_dict(of_node).items()
    ]
    # A node may list the same file twice, under an old and a new name.
    files = list(
        dict.fromkeys(
            file for node_id, kind, rows in outputs if kind != "text" for file in _files(node_id, rows)
        )
    )
    files.sort(key=lambda file: (_node_order(file.node_id), file.filename))
    texts = [text for node_id, kind, rows in outputs for text in _texts(node_id, kind, rows)]
    texts.sort(key=lambda text: _node_order(text.node_id))
    return History(str(status.get("status_str", "")), messages, files, texts)


def _files(node_id: str, rows: list[Any]) -> Iterator[OutputFile]:
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("filename"), str) and row["filename"]:
            subfolder, kind = str(row.get("subfolder") or ""), str(row.get("type") or "output")
            yield OutputFile(node_id, row["filename"], subfolder, kind)


def _texts(node_id: str, kind: str, rows: list[Any]) -> Iterator[OutputText]:
    if kind.lower() in _TEXTS and all(isinstance(row, str) for row in rows):
        for row in rows:
            if row.strip():
                yield OutputText(node_id, row[:_LONGEST_TEXT])


def _as_dict(value: object) -> dict[str, Any]:
    # Nodes that others wrote put there what they like.
    return value if isinstance(value, dict) else {}


def _node_order(node_id: str) -> tuple[int, str]:
    # The order of keys in history is not fixed, so results are put in the order of their node ids.
    return (int(node_id), "") if node_id.isdecimal() else (1 << 30, node_id)
