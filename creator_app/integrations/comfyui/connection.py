"""The websocket of one run, read by a thread of its own.

Always read: a client that does not read its socket stops the messages of every client of that server.

A client id of its own per prompt, namely the prompt's: a server tells only the id that a prompt was sent
with, so a reader that comes later (after a cut, or in the process that takes a job over) hears the rest under
that id and under no other. It costs this: when an older socket of the id closes, the server forgets the newer
one, which is then open and silent for good. So silence is never trusted, and whoever follows a prompt asks
``/history`` meanwhile (docs/adr/0006).
"""

import json
import queue
import threading
import time
from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import quote

import websocket

from creator_app.integrations.comfyui.protocol import Message, Preview, parse_binary, parse_text

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 10.0
_HELLO: Final = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}


class Opened:
    """The socket is there again; what was said meanwhile is lost."""


class Closed:
    """The socket ended; another one is tried."""


Event = Message | Preview | Opened | Closed


class Connection:
    """A websocket whose messages wait in a queue, of pictures only the latest. If cut, it is opened again.

    Args:
        base_url: of the server.
        client_id: under which the server knows it; the prompt is sent under the same.
        headers: for servers behind a password.
        connect_s: how long one try to connect may take.

    Attributes:
        heard_at: `time.monotonic()` at which the event that `next` gave came in; it may have waited since.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        headers: Mapping[str, str] | None = None,
        connect_s: float = 5.0,
    ) -> None:
        self.client_id = client_id
        self.heard_at = 0.0
        self._connect_s = connect_s
        self._url = f"{base_url.replace('http', 'ws', 1)}/ws?clientId={quote(client_id)}"
        self._headers = [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._preview_lock = threading.Lock()
        self._preview: tuple[float, Preview] | None = None
        self._events: queue.SimpleQueue[tuple[float, Event]] = queue.SimpleQueue()
        self._socket: websocket.WebSocket | None = None
        self._thread = threading.Thread(target=self._keep_reading, name="comfyui-socket", daemon=True)
        self._ended = threading.Event()

    def open(self) -> bool:
        """Connects and begins to read; ``False`` when the server can't be reached: polling still works."""
        connected = self._connect()
        self._thread.start()
        return connected

    def next(self, timeout_s: float) -> Event | None:
        """The next event, or ``None`` when there was none for ``timeout_s`` seconds."""
        try:
            self.heard_at, event = self._events.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None
        if not isinstance(event, Preview):
            return event
        with self._preview_lock:  # a newer one may have come meanwhile
            latest, self._preview = self._preview, None
        self.heard_at, newest = latest or (self.heard_at, event)
        return newest

    def _tell(self, event: Event) -> None:
        now = time.monotonic()
        if isinstance(event, Preview):
            # Only the latest is worth its memory: whoever reads slowly must not pile up pictures.
            with self._preview_lock:
                waits, self._preview = self._preview is not None, (now, event)
            if waits:
                return
        self._events.put((now, event))

    def close(self) -> None:
        """Closes the socket; the reading thread ends with it."""
        self._ended.set()
        socket = self._socket
        if socket is not None:
            socket.abort()  # wakes the thread, which closing alone would leave waiting
        self._thread.join(timeout=2)
        if socket is not None:
            socket.shutdown()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self) -> bool:
        try:
            socket = websocket.create_connection(
                self._url, timeout=self._connect_s, header=self._headers, suppress_origin=True
            )
            # Must be the very first message, or previews come without their node.
            socket.send(json.dumps(_HELLO))
            socket.settimeout(None)
        except (OSError, websocket.WebSocketException):
            return False
        self._socket = socket
        return True

    def _keep_reading(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            if self._socket is not None:
                self._read(self._socket)
                self._socket = None
                pause = _FIRST_PAUSE_S
            self._tell(Closed())
            while not self._ended.wait(pause) and not self._connect():
                pause = min(_LONGEST_PAUSE_S, 2 * pause)
            if self._ended.is_set():
                break
            self._tell(Opened())
        if self._socket is not None:
            self._socket.shutdown()

    def _read(self, socket: websocket.WebSocket) -> None:
        while not self._ended.is_set():
            try:
                kind, frame = socket.recv_data()
            except (OSError, websocket.WebSocketException, AttributeError):
                break
            if kind == websocket.ABNF.OPCODE_CLOSE:
                break
            event = parse_text(frame) if kind == websocket.ABNF.OPCODE_TEXT else parse_binary(frame)
            if event is not None:
                self._tell(event)
        socket.shutdown()
