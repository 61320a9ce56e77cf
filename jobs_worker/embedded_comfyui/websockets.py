"""The websocket side: who listens, and who gets which message.

Each listener has its own bounded outbox and writer, so one that does not read cannot hold up the others.
"""

from __future__ import annotations

import asyncio
import json
import struct
import uuid
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

FEATURES = {"supports_preview_metadata": True, "max_upload_size": 100 * 1024 * 1024}
_PREVIEW, _PREVIEW_WITH_METADATA, _JPEG = 1, 4, 1
_OUTBOX_LIMIT = 5000
_PREVIEWS_WAITING_LIMIT = 200


class _Listener:
    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket = socket
        self.transport = transport
        self.wants_metadata = False
        self.outbox: asyncio.Queue[str | bytes] = asyncio.Queue(_OUTBOX_LIMIT)

    def put(self, message: str | bytes) -> None:
        if isinstance(message, bytes) and self.outbox.qsize() > _PREVIEWS_WAITING_LIMIT:
            return  # a slow reader loses pictures, not news
        try:
            self.outbox.put_nowait(message)
        except asyncio.QueueFull:
            # Nothing polite helps: the socket's buffers are full as well.
            if self.transport is not None:
                self.transport.abort()

    async def write(self) -> None:
        while True:
            message = await self.outbox.get()
            try:
                if isinstance(message, bytes):
                    await self.socket.send_bytes(message)
                else:
                    await self.socket.send_str(message)
            except (ConnectionError, RuntimeError):
                return


class Hub:
    """Keeps the listeners by client id. send and send_preview may be called from any thread."""

    def __init__(self, remaining: Callable[[], int], running_node: Callable[[str], str | None]) -> None:
        """Open for listeners.

        Args:
            remaining: number of unfinished prompts.
            running_node: the node that runs now for a client id, or None.
        """
        self._remaining = remaining
        self._running_node = running_node
        self._listeners: dict[str, _Listener] = {}
        self._loop = asyncio.get_running_loop()

    def send(self, event: str, data: dict[str, Any], client_id: str | None) -> None:
        """Send a JSON message to one client, or to all (None)."""
        self._in_loop(self._deliver, _text(event, data), client_id)

    def send_status(self) -> None:
        """Tell everybody how many prompts are left."""
        self.send("status", self._status(), None)

    def send_preview(
        self, jpeg: bytes, data: dict[str, Any], progress: dict[str, Any], client_id: str | None
    ) -> None:
        """Send a preview picture and its progress message, each client in the form that it asked for."""
        self._in_loop(self._deliver_preview, jpeg, data, _text("progress", progress), client_id)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """GET /ws?clientId=X."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client_id = request.query.get("clientId") or uuid.uuid4().hex
        listener = self._listeners[client_id] = _Listener(socket, request.transport)
        listener.put(_text("status", {**self._status(), "sid": client_id}))
        if (node_id := self._running_node(client_id)) is not None:
            listener.put(_text("executing", {"node": node_id}))
        writer = asyncio.create_task(listener.write())
        try:
            await self._read(listener)
        finally:
            writer.cancel()
            # A newer connection of the same client id stays.
            if self._listeners.get(client_id) is listener:
                del self._listeners[client_id]
        return socket

    async def close(self) -> None:
        """End all connections."""
        sockets = [listener.socket for listener in self._listeners.values()]
        await asyncio.gather(*(socket.close(code=1001) for socket in sockets), return_exceptions=True)

    async def _read(self, listener: _Listener) -> None:
        first = True
        async for message in listener.socket:
            if message.type == WSMsgType.TEXT and first:
                self._greet(listener, message.data)
            first = False

    def _greet(self, listener: _Listener, raw: str) -> None:
        try:
            message = json.loads(raw)
            if message.get("type") != "feature_flags":
                return
            listener.wants_metadata = bool((message.get("data") or {}).get("supports_preview_metadata"))
        except (ValueError, AttributeError):
            return
        listener.put(_text("feature_flags", FEATURES))

    def _status(self) -> dict[str, Any]:
        return {"status": {"exec_info": {"queue_remaining": self._remaining()}}}

    def _in_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # the loop has ended: nobody listens any more

    def _targets(self, client_id: str | None) -> list[_Listener]:
        if client_id is None:
            return list(self._listeners.values())
        return [self._listeners[client_id]] if client_id in self._listeners else []

    def _deliver(self, text: str, client_id: str | None) -> None:
        for listener in self._targets(client_id):
            listener.put(text)

    def _deliver_preview(
        self, jpeg: bytes, data: dict[str, Any], progress: str, client_id: str | None
    ) -> None:
        metadata = json.dumps(data).encode()
        rich = struct.pack(">II", _PREVIEW_WITH_METADATA, len(metadata)) + metadata + jpeg
        plain = struct.pack(">II", _PREVIEW, _JPEG) + jpeg
        for listener in self._targets(client_id):
            for message in (rich, progress) if listener.wants_metadata else (progress, plain):
                listener.put(message)


def _text(event: str, data: dict[str, Any]) -> str:
    return json.dumps({"type": event, "data": data})
