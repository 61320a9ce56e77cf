"""The websocket of one run, read by a thread of its own.

Always read: a client that does not read its socket stops the messages of every client of that server.
A fresh client id per connection: when an older socket of that id closes, the server forgets the newer one.
"""

import json
import queue
import threading
import uuid
from collections.abc import Mapping
from typing import Final, Self

import websocket

from creator_app.integrations.comfyui.protocol import Message, Preview, parse_binary, parse_text

_CONNECT_S: Final = 5.0
_HELLO: Final = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}


class Closed:
    """The socket ended; nothing more comes from it."""


Event = Message | Preview | Closed


class Connection:
    """A websocket whose messages wait in a queue.

    Attributes:
        client_id: under which the server knows it.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str] | None = None) -> None:
        self.client_id = uuid.uuid4().hex
        self._url = f"{base_url.replace('http', 'ws', 1)}/ws?clientId={self.client_id}"
        self._headers = [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._socket: websocket.WebSocket | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> bool:
        """Connects and begins to read; ``False`` when the server can't be reached: polling still works."""
        try:
            self._socket = websocket.create_connection(
                self._url, timeout=_CONNECT_S, header=self._headers, suppress_origin=True
            )
            # Must be the very first message, or previews come without their node.
            self._socket.send(json.dumps(_HELLO))
            self._socket.settimeout(None)
        except (OSError, websocket.WebSocketException):
            self._events.put(Closed())
            return False
        self._thread = threading.Thread(target=self._read, name="comfyui-socket", daemon=True)
        self._thread.start()
        return True

    def next(self, timeout_s: float) -> Event | None:
        """The next event, or ``None`` when there was none for ``timeout_s`` seconds."""
        try:
            return self._events.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def close(self) -> None:
        """Closes the socket; the reading thread ends with it."""
        if self._socket is not None:
            self._socket.abort()  # wakes the thread, which closing alone would leave waiting
        if self._thread is not None:
            self._thread.join(timeout=2)
        if self._socket is not None:
            self._socket.shutdown()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        socket = self._socket
        while socket is not None:
            try:
                frame = socket.recv()
            except (OSError, websocket.WebSocketException, AttributeError):
                break
            if not frame and not socket.connected:
                break
            event = parse_text(frame) if isinstance(frame, str) else parse_binary(frame)
            if event is not None:
                self._events.put(event)
        self._events.put(Closed())
