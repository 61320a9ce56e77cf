"""A server that plays a take: message by message, in the recorded order, with its pauses and its cuts."""

import asyncio
import time
from typing import Any

from aiohttp import web

from tests.comfyui_client.scripted_server import ScriptedComfyUI, _say
from tests.comfyui_client.transcripts import Take

_LOOKS_FOR_A_RECONNECT = 300


class TapeServer(ScriptedComfyUI):
    """Plays one take to whoever sends a prompt; use it as a context manager.

    Args:
        take: what it plays.
        refuse_sockets: answer 403 to websockets, as for a foreign Origin.
    """

    def __init__(self, take: Take, *, refuse_sockets: bool = False) -> None:
        super().__init__()
        self.take = take
        self.refuse_sockets = refuse_sockets
        self.played = 0
        self._pending: set[str] = set()
        self._down_until = 0.0

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if self._is_down(request):
            return web.Response(status=500)
        if self.refuse_sockets:
            return web.Response(status=403)
        return await super()._ws(request)

    async def _prompt(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.seen.posts.append(body)
        take = self.take.renamed(body["prompt_id"])
        if take.outcome == "half_refused":
            self._running.add(take.prompt_id)
        elif take.status == 200:
            self._pending.add(take.prompt_id)
            answered = asyncio.Event()
            task = self._loop.create_task(self._play_take(take, body["client_id"], answered))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await answered.wait()
        if isinstance(take.answer, str):
            return web.Response(status=take.status, text=take.answer)
        return web.json_response(take.answer, status=take.status)

    async def _play_take(self, take: Take, client_id: str, answered: asyncio.Event) -> None:
        for n, (pause_s, frame) in enumerate(take.frames):
            if n >= take.early:
                answered.set()
            await asyncio.sleep(pause_s)
            self.played += 1
            if "cut" in frame:
                await self._cut(client_id)
            elif "down" in frame:
                answered.set()
                await self._go_down(take, client_id, frame["down"])
            else:
                await self._tell(take, client_id, frame)
        answered.set()
        self._remember_take(take)

    async def _tell(self, take: Take, client_id: str, frame: dict[str, Any]) -> None:
        data = frame.get("json", {}).get("data", {})
        if data.get("prompt_id") == take.prompt_id:
            self._pending.discard(take.prompt_id)
            self._running.add(take.prompt_id)
            if frame["json"]["type"] == "executing" and data.get("node") is None:
                self._remember_take(take)  # a real server has it by then
        socket = self._sockets.get(client_id)
        if socket is not None and not socket.closed:
            await _say(socket, frame)

    async def _cut(self, client_id: str) -> None:
        """The socket ends; the tape goes on when the client is there again, as the recorded one was."""
        socket = self._sockets.pop(client_id, None)
        if socket is None:
            return
        transport = socket._req.transport if socket._req is not None else None
        if transport is not None:
            transport.abort()
        for _ in range(_LOOKS_FOR_A_RECONNECT):
            if client_id in self._sockets:
                return
            await asyncio.sleep(0.01)

    async def _go_down(self, take: Take, client_id: str, seconds: float) -> None:
        self._down_until = time.monotonic() + seconds
        self._pending.discard(take.prompt_id)
        self._running.discard(take.prompt_id)
        await self._cut(client_id)

    def _remember_take(self, take: Take) -> None:
        self._pending.discard(take.prompt_id)
        self._running.discard(take.prompt_id)
        if take.history is not None:
            self._history[take.prompt_id] = take.history

    def _is_down(self, request: web.Request) -> bool:
        down = time.monotonic() < self._down_until
        if down and request.transport is not None:
            request.transport.abort()
        return down

    async def _get_history(self, request: web.Request) -> web.Response:
        return web.Response(status=500) if self._is_down(request) else await super()._get_history(request)

    async def _queue(self, request: web.Request) -> web.Response:
        if self._is_down(request):
            return web.Response(status=500)
        rows = {
            "queue_running": [[1, prompt_id, {}, {}, []] for prompt_id in self._running],
            "queue_pending": [[2, prompt_id, {}, {}, []] for prompt_id in self._pending],
        }
        return web.json_response(rows)
