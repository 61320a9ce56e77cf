"""What was recorded between a client and a real server, cut into takes: one for each prompt that was sent.

A take has the frames that came to the prompt's own client, in order, with their pauses, and the cuts of its
sockets between them. What a take expects is read from the recording alone, by other code than the client's.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "data" / "transcripts" / "comfyui"
FILES = sorted(path.stem for path in FOLDER.glob("*.json"))
#: Recorded pauses are played at this speed, and none lasts longer than so many seconds.
SPEED, LONGEST_PAUSE_S = 20.0, 0.15

Event = dict[str, Any]


@dataclass
class Take:
    """One prompt of a transcript.

    Attributes:
        name: transcript and number of the prompt in it.
        prompt: as it was sent; a small one of ours where what was sent is no prompt.
        prompt_id: as the server called it.
        status: of the answer to ``POST /prompt``.
        answer: its body, JSON or text.
        early: so many frames came before the answer.
        frames: seconds of pause before it, then the frame: ``json``, ``binary``, ``cut`` (the socket ends) or
            ``down`` (the server ends, and comes back without a memory).
        history: what the server remembers in the end; ``None`` where it remembers nothing.
    """

    name: str
    prompt: dict[str, Any]
    prompt_id: str
    status: int
    answer: Any
    early: int = 0
    frames: list[tuple[float, Event]] = field(default_factory=list)
    history: dict[str, Any] | None = None

    @property
    def outcome(self) -> str:
        """``refused``, ``half_refused``, ``forgotten``, ``success``, ``interrupted`` or ``error``."""
        if self.status != 200:
            return "refused"
        if self.answer.get("node_errors"):
            return "half_refused"
        if self.history is None:
            return "forgotten"
        if self.history["status"]["status_str"] == "success":
            return "success"
        last = self.history["status"]["messages"][-1][0]
        return "interrupted" if last == "execution_interrupted" else "error"

    @property
    def filenames(self) -> list[str]:
        """Every file that history names, sorted."""
        outputs = (self.history or {}).get("outputs", {})
        lists = [rows for node in outputs.values() for rows in node.values() if isinstance(rows, list)]
        return sorted(row["filename"] for rows in lists for row in rows if isinstance(row, dict))

    def data(self, kind: str) -> dict[str, Any]:
        """The data of the last message of a kind in history."""
        messages = (self.history or {})["status"]["messages"]
        return next(data for name, data in reversed(messages) if name == kind)

    def renamed(self, prompt_id: str) -> "Take":
        """The same under another prompt id."""

        def rename(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: rename(one) for key, one in value.items()}
            if isinstance(value, list):
                return [rename(one) for one in value]
            return prompt_id if value == self.prompt_id else value

        frames = [(pause, rename(frame)) for pause, frame in self.frames]
        return Take(
            self.name,
            self.prompt,
            prompt_id,
            self.status,
            rename(self.answer),
            self.early,
            frames,
            rename(self.history),
        )


@lru_cache
def events(file: str) -> list[Event]:
    """All that was recorded in one transcript."""
    found: list[Event] = json.loads((FOLDER / f"{file}.json").read_text("utf-8"))["events"]
    return found


def exchanges(method: str, path: str) -> list[tuple[str, Event]]:
    """Every recorded request of a kind with its answer, and the transcript it is from."""
    return [
        (file, event)
        for file in FILES
        for event in events(file)
        if event["kind"] == "http"
        and event["method"] == method
        and event["path"].startswith(path)
        and "status" in event
    ]


def takes(file: str) -> list[Take]:
    """Every prompt of a transcript."""
    every = events(file)
    posts = [n for n, event in enumerate(every) if _is_post(event)]
    return [_take(f"{file}-{number}", every, at) for number, at in enumerate(posts)]


def all_takes() -> list[Take]:
    """Every prompt of every transcript."""
    return [take for file in FILES for take in takes(file)]


def _is_post(event: Event) -> bool:
    return event["kind"] == "http" and event["method"] == "POST" and event["path"] == "/prompt"


def _take(name: str, every: list[Event], at: int) -> Take:
    post = every[at]
    body = post.get("body")
    body = body if isinstance(body, dict) else {}
    prompt = body.get("prompt")
    prompt = prompt if isinstance(prompt, dict) else {"1": {"class_type": "EmptyImage", "inputs": {}}}
    answer = post.get("resp_json", post.get("resp_text", ""))
    prompt_id = str(answer.get("prompt_id", "")) if isinstance(answer, dict) else ""
    take = Take(name, prompt, prompt_id, post["status"], answer)
    if post["status"] == 200:
        _fill(take, every, at, body.get("client_id"))
    return take


def _fill(take: Take, every: list[Event], at: int, client_id: str | None) -> None:
    ends = next((n for n, event in enumerate(every) if n > at and _ends(event, take.prompt_id)), None)
    killed = next((n for n, event in enumerate(every) if n > at and _is_kill(event)), None)
    dropped = any(_drops(event, take.prompt_id) for event in every[at:])
    last = ends if ends is not None else killed if killed is not None else _next_post(every, at)
    last_at = every[at]["t_ms"]
    for event, frame in _frames(every, at, last, client_id):
        take.early += event["t_ms"] < every[at]["t_done_ms"] and "cut" not in frame
        take.frames.append((min(LONGEST_PAUSE_S, (event["t_ms"] - last_at) / 1000 / SPEED), frame))
        last_at = event["t_ms"]
    if ends is None and killed is not None:
        take.frames.append((0.0, {"down": 0.4}))
    elif ends is not None or not dropped:
        take.history = _recorded_history(every, at, take.prompt_id) or _made_up_history(take)


def _frames(every: list[Event], at: int, last: int, client_id: str | None) -> Iterator[tuple[Event, Event]]:
    """What came to the client; of a prompt without one, what came to the first who listened."""
    owner: dict[str, str] = {}
    listener: str | None = None
    for n, event in enumerate(every[: last + 1]):
        kind, socket = event["kind"], event.get("ws")
        if kind == "ws_open" and event.get("status") == 101:
            owner[socket] = event["url"].partition("clientId=")[2]
            if n > at and owner[socket] == client_id and listener is not None:
                yield event, {"cut": True}
            listener = socket if owner[socket] == client_id else listener
        elif kind in ("ws_close_by_client", "ws_error", "ws_tcp_drop_by_client"):
            if socket == listener and n > at:
                yield event, {"cut": True}
            owner.pop(socket, None)
            listener = None if socket == listener else listener
        elif kind == "ws" and n > at:
            mine = socket == listener if client_id else socket == next(iter(owner), None)
            if mine and "msg" in event and event["msg"]["type"] != "feature_flags":
                yield event, {"json": event["msg"]}
            elif mine and "binary" in event:
                yield event, {"binary": event["binary"]}


def _ends(event: Event, prompt_id: str) -> bool:
    message = event.get("msg") or {}
    data = message.get("data", {})
    return (
        message.get("type") == "executing" and data.get("node") is None and data.get("prompt_id") == prompt_id
    )


def _is_kill(event: Event) -> bool:
    return event["kind"] == "note" and event["text"] in ("SIGKILL", "SIGTERM", "SIGINT")


def _drops(event: Event, prompt_id: str) -> bool:
    body = event.get("body")
    if event.get("path") != "/queue" or not isinstance(body, dict):
        return False
    return bool(body.get("clear")) or prompt_id in body.get("delete", [])


def _next_post(every: list[Event], at: int) -> int:
    return next((n - 1 for n, event in enumerate(every) if n > at and _is_post(event)), len(every) - 1)


def _recorded_history(every: list[Event], at: int, prompt_id: str) -> dict[str, Any] | None:
    answers = [event.get("resp_json") for event in every[at:] if event.get("method") == "GET"]
    entries = [answer.get(prompt_id) for answer in answers if isinstance(answer, dict)]
    return next((entry for entry in entries if entry), None)


def _made_up_history(take: Take) -> dict[str, Any]:
    """Of a prompt whose history was not asked for: what a server makes of the messages that it sent."""
    own = [frame["json"] for _, frame in take.frames if "json" in frame]
    own = [message for message in own if message["data"].get("prompt_id") == take.prompt_id]
    messages = [[one["type"], one["data"]] for one in own if one["type"].startswith("execution_")]
    bad = bool(messages) and messages[-1][0] in ("execution_error", "execution_interrupted")
    outputs = {one["data"]["node"]: one["data"]["output"] for one in own if one["type"] == "executed"}
    return {"outputs": outputs, "status": {"status_str": "error" if bad else "success", "messages": messages}}
