"""Around every request of ours: an id for the logs, a log line, a count, and no stack trace to the outside.

Written against ASGI itself: Starlette's BaseHTTPMiddleware would copy every body through a queue. What is not
ours (Reflex's pages and socket) passes untouched.
"""

import re
import time
from uuid import uuid4

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from creator_app.api import errors
from creator_app.api.metrics import metrics
from creator_app.infrastructure.logging import bind, clear_bound, get_logger

log = get_logger(__name__)

_OURS = ("/api/", "/healthz", "/readyz", "/metrics")
_QUIET = ("/healthz", "/readyz", "/metrics")
_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestContext:
    """Gives each request its id and watches over how it ends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection."""
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith(_OURS):
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope["creator.request_id"] = request_id
        clear_bound()
        bind(request_id=request_id)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._http(scope, receive, send, request_id)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        began = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_headers(request_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            log.error("request_failed", path=scope["path"], error=type(error).__name__, exc_info=error)
            if status:
                raise  # the answer has begun: only breaking the connection tells that it is not whole
            answer = JSONResponse(errors.body(*errors.UNEXPECTED, request_id), status_code=500)
            await answer(scope, receive, send_with_id)
        finally:
            _report(scope, status, time.perf_counter() - began)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ID.fullmatch(value):
            return str(value.decode())
    return uuid4().hex


def _headers(request_id: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]


def _report(scope: Scope, status: int, seconds: float) -> None:
    metrics.request(scope["method"], _route(scope), status, seconds)
    if scope["path"] not in _QUIET:
        took_ms = round(seconds * 1000, 1)
        log.info("request", method=scope["method"], path=scope["path"], status=status, took_ms=took_ms)


def _route(scope: Scope) -> str:
    """The address with its ids taken out again: each would be a series of its own."""
    if "path_params" not in scope:
        return "none"
    route: str = scope["path"]
    for name, value in scope["path_params"].items():
        route = route.replace(str(value), f"{{{name}}}", 1) if str(value) else route
    return route
