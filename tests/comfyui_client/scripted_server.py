"""A ComfyUI that does what a test says: it replays a recording, and loses answers, sockets or its memory.

It speaks real HTTP and websocket on a port of its own; what it sends was recorded from a real server.
"""

import asyncio
import base64
import json
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

DATA = Path(__file__).parents[1] / "data" / "transcripts"
# The pictures themselves were not recorded: a small one stands for each.
JPEG = base64.b64decode("/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////2Q==")

Frame = dict[str, Any]


@dataclass
class Recording:
    """One prompt of a real server: what was said about it, and what its history held afterwards."""

    prompt_id: str
    prompt: dict[str, Any]
    messages: list[tuple[float, Frame]]
    history: dict[str, Any] | None

    @classmethod
    def load(cls, name: str) -> "Recording":
        """A recording of ``tests/data/transcripts``."""
        found = json.loads((DATA / f"{name}.json").read_text())
        return cls(found["prompt_id"], found["prompt"], found["messages"], found["history"])

    def renamed(self, prompt_id: str) -> "Recording":
        """The same under another prompt id."""
        text = json.dumps([self.messages, self.history]).replace(self.prompt_id, prompt_id)
        messages, history = json.loads(text)
        return Recording(prompt_id, self.prompt, messages, history)

    def until(self, kind: str) -> "Recording":
        """The same, cut off before the first message of a kind."""
        cut = next(n for n, (_, frame) in enumerate(self.messages) if _type(frame) == kind)
        return Recording(self.prompt_id, self.prompt, self.messages[:cut], self.history)


def _type(frame: Frame) -> str:
    return str(frame["json"]["type"]) if "json" in frame else "binary"


@dataclass
class Play:
    """What the server does once it has the prompt.

    Attributes:
        recording: what is said and kept.
        silent: say nothing at all; history still fills.
        cut_after: close the socket after so many messages; history still fills.
        forget: have no history of it, as after a restart.
        keep_back: seconds until history is there, after the last message.
        between: called before each message with its number, to let other things happen.
    """

    recording: Recording
    silent: bool = False
    cut_after: int | None = None
    forget: bool = False
    keep_back: float = 0.0
    between: Callable[[int], list[Frame]] = lambda n: []


@dataclass
class Seen:
    """What came to the server."""

    posts: list[dict[str, Any]] = field(default_factory=list)
    hellos: list[str] = field(default_factory=list)
    passwords: dict[str, str | None] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    interrupted: list[Any] = field(default_factory=list)
    uploads: list[tuple[str, str, bytes]] = field(default_factory=list)


class ScriptedComfyUI:
    """The server; use it as a context manager.

    Attributes:
        play: what happens to the next prompts.
        rejection: status and body for POST /prompt, instead of running.
        lose_answer: take the prompt and cut the connection before answering.
        proxy_says: take the prompt; the answer is a proxy's.
        stumbles: so many questions for a history are cut off once the prompt has ended.
        upload_status: status of uploads, and whether the file is renamed.
        upload_answer: what is answered to uploads instead.
        view_status: status of downloads.
        files: what is downloaded, by name.
        seen: what came in.
    """

    def __init__(self, play: Play | None = None) -> None:
        self.play = play
        self.rejection: tuple[int, Any] | None = None
        self.lose_answer = False
        self.proxy_says: tuple[int, str] | None = None
        self.stumbles = 0
        self.upload_answer: dict[str, Any] | None = None
        self.upload_status = 200
        self.view_status = 200
        self.files: dict[str, bytes] = {}
        self.rename_uploads = False
        self.seen = Seen()
        self.url = ""
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._running: set[str] = set()
        self._history: dict[str, Any] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "ScriptedComfyUI":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def die(self) -> None:
        """Stops listening, as a killed process does."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)

    def tell_all(self, frame: Frame) -> None:
        """Says something to everybody who listens."""
        for socket in list(self._sockets.values()):
            with suppress(ConnectionError):
                asyncio.run_coroutine_threadsafe(_say(socket, frame), self._loop).result(10)

    async def _start(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_get("/ws", self._ws)
        app.router.add_post("/prompt", self._prompt)
        app.router.add_get("/history/{id}", self._get_history)
        app.router.add_get("/queue", self._queue)
        app.router.add_post("/queue", self._delete)
        app.router.add_post("/interrupt", self._interrupt)
        app.router.add_post("/upload/image", self._upload)
        app.router.add_get("/view", self._view)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        for socket in list(self._sockets.values()):
            await socket.close()
        await self._runner.cleanup()

    async def _ws(self, request: web.Request) -> web.WebSocketResponse:
        self.seen.passwords["socket"] = request.headers.get("Authorization")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client_id = request.query["clientId"]
        self._sockets[client_id] = socket
        status = {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client_id}
        await socket.send_json({"type": "status", "data": status})
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self.seen.hellos.append(message.data)
        return socket

    async def _prompt(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.posts.append(body)
        self.seen.passwords["prompt"] = request.headers.get("Authorization")
        if self.rejection is not None:
            status, answer = self.rejection
            if status == 200 and isinstance(answer, dict):
                answer = {**answer, "prompt_id": body["prompt_id"]}
                self._running.add(body["prompt_id"])
            if isinstance(answer, str):
                return web.Response(status=status, text=answer)
            return web.json_response(answer, status=status)
        assert self.play is not None
        self._running.add(body["prompt_id"])
        task = self._loop.create_task(self._perform(self.play, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.lose_answer:
            assert request.transport is not None
            request.transport.close()
        if self.proxy_says is not None:
            return web.Response(status=self.proxy_says[0], text=self.proxy_says[1])
        return web.json_response({"prompt_id": body["prompt_id"], "number": 1, "node_errors": {}})

    async def _perform(self, play: Play, body: dict[str, Any]) -> None:
        prompt_id = body["prompt_id"]
        recording = play.recording.renamed(prompt_id)
        socket = self._sockets.get(body["client_id"])
        said = 0.0
        for n, (at_ms, frame) in enumerate(recording.messages):
            await asyncio.sleep(min(0.01, max(0.0, at_ms - said) / 1000))
            said = at_ms
            if socket is None or play.silent:
                continue
            if play.cut_after is not None and n >= play.cut_after:
                await socket.close()
                socket = None
                continue
            if _type(frame) == "executing" and frame["json"]["data"]["node"] is None and not play.keep_back:
                self._remember(play, recording)  # a real server has it by then
            for one in [*play.between(n), frame]:
                await _say(socket, one)
        await asyncio.sleep(play.keep_back)
        self._remember(play, recording)

    def _remember(self, play: Play, recording: Recording) -> None:
        self._running.discard(recording.prompt_id)
        if not play.forget and recording.history is not None:
            self._history[recording.prompt_id] = recording.history

    async def _get_history(self, request: web.Request) -> web.Response:
        prompt_id = request.match_info["id"]
        entry = self._history.get(prompt_id)
        if entry and self.stumbles:
            self.stumbles -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({prompt_id: entry} if entry else {})

    async def _queue(self, _: web.Request) -> web.Response:
        running = [[1, prompt_id, {}, {}, []] for prompt_id in self._running]
        return web.json_response({"queue_running": running, "queue_pending": []})

    async def _delete(self, request: web.Request) -> web.Response:
        self.seen.deleted += (await request.json())["delete"]
        return web.Response()

    async def _interrupt(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.seen.interrupted.append(asked)
        self._running.discard(asked.get("prompt_id"))
        return web.Response()

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        image = form["image"]
        assert isinstance(image, web.FileField)
        folder = str(form["subfolder"])
        self.seen.uploads.append((image.filename, folder, image.file.read()))
        if self.upload_status != 200:
            return web.Response(status=self.upload_status, text="no")
        if self.upload_answer is not None:
            return web.json_response(self.upload_answer)
        name = f"other-{image.filename}" if self.rename_uploads else image.filename
        return web.json_response({"name": name, "subfolder": folder, "type": "input"})

    async def _view(self, request: web.Request) -> web.StreamResponse:
        if self.view_status not in (200, 206):
            return web.Response(status=self.view_status)
        if request.query["filename"] in self.files:
            return await _streamed(request, self.files[request.query["filename"]])
        if request.query["filename"] == "gone.png":
            return web.Response(status=404)
        if request.query["filename"] != "cut.png":
            return web.Response(body=b"picture " * 100_000)
        answer = web.StreamResponse(headers={"Content-Length": "1000000"})
        await answer.prepare(request)
        await answer.write(b"x" * 10)
        assert request.transport is not None
        request.transport.abort()
        return answer


async def _streamed(request: web.Request, content: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": str(len(content))})
    await answer.prepare(request)
    for at in range(0, len(content), 65536):
        await answer.write(content[at : at + 65536])
    return answer


async def _say(socket: web.WebSocketResponse, frame: Frame) -> None:
    if "json" in frame:
        await socket.send_json(frame["json"])
    elif "text" in frame:
        await socket.send_str(frame["text"])
    elif "bytes" in frame:
        await socket.send_bytes(base64.b64decode(frame["bytes"]))
    else:
        await socket.send_bytes(preview(frame["binary"]))


def preview(recorded: dict[str, Any]) -> bytes:
    """A preview frame as it was recorded, with a picture of ours in it."""
    event = recorded["event_type"]
    if event == 1:
        return struct.pack(">II", 1, 1) + JPEG
    metadata = json.dumps(recorded["metadata"]).encode()
    return struct.pack(">II", event, len(metadata)) + metadata + JPEG
