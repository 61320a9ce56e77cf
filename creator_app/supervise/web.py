"""The web server: pages, their live connection and the REST interface, in one process on one port.

One process, so that whoever ends it ends all of it: granian's usual workers would live on and hold the port.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from creator_app.supervise import bundle

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

_APP: Final = "creator_app.creator_app"
_FEED: Final = "creator_app.api.feed"
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def serve(host: str, port: int, built: Path) -> None:
    """Serves Creator until SIGTERM or SIGINT.

    Args:
        host: the address to listen on.
        port: the port to listen on.
        built: the web bundle to serve.
    """
    os.environ.update(bundle.reflex_environment(built))
    os.environ.update({"__REFLEX_SKIP_COMPILE": "true", "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true"})
    # By its name, as every server takes its app: the command line itself knows nothing of the pages.
    app = import_module(_APP).app
    asyncio.run(_serve(with_cache_headers(app()), host, port))


async def _serve(app: AsgiApp, host: str, port: int) -> None:
    server = Server(app, host, port, interface=Interfaces.ASGI, log_level=LogLevels.error)
    loop = asyncio.get_running_loop()
    feed = import_module(_FEED).feed

    def stop() -> None:
        feed.stop()  # open event streams would be waited for until their end
        server.stop()  # type: ignore[no-untyped-call]

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    await server.serve()


def with_cache_headers(app: AsgiApp) -> AsgiApp:
    """Lets browsers keep files whose names change with their content, and ask again for pages."""

    async def wrapped(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/api/"):
            await app(scope, receive, send)
            return
        keep = b"public, max-age=31536000, immutable" if scope["path"].startswith("/assets/") else b"no-cache"

        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                if not any(name.lower() == b"cache-control" for name, _ in headers):
                    found = message["status"] in (200, 206, 304)
                    message["headers"] = [*headers, (b"cache-control", keep if found else b"no-cache")]
            await send(message)

        await app(scope, receive, send_with_header)

    return wrapped
