"""The HTTP application: all routes twice (/x and /api/x), and the check of the Origin header."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from .engine import Engine
from .routes_files import FileRoutes
from .routes_info import InfoRoutes
from .routes_prompts import PromptRoutes
from .websockets import FEATURES

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(engine: Engine) -> web.Application:
    """The engine's application, ready to be served."""
    app = web.Application(
        client_max_size=int(FEATURES["max_upload_size"]),
        middlewares=[_plain_failures, _answer_options, _check_origin],
    )
    routes = (
        PromptRoutes(engine).routes()
        + FileRoutes(engine.folders).routes()
        + InfoRoutes(engine.folders).routes()
    )
    routes.append(web.get("/ws", engine.hub.handle))
    app.add_routes(routes)
    app.add_routes([web.route(route.method, f"/api{route.path}", route.handler) for route in routes])
    return app


@web.middleware
async def _plain_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong becomes ComfyUI's bare 500 and one line in the log."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:  # noqa: BLE001 - the last place that can answer
        print(
            f"{request.method} {request.path}: {type(error).__name__}: {error}", file=sys.stderr, flush=True
        )
        return web.Response(status=500, text="500 Internal Server Error\n\nServer got itself in trouble")


@web.middleware
async def _check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A web page of another address must not drive an engine on this machine."""
    origin = request.headers.get("Origin")
    if origin and _is_loopback(request.host) and urlsplit(origin).netloc.lower() != request.host.lower():
        return web.Response(status=403)
    return await handler(request)


@web.middleware
async def _answer_options(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method == "OPTIONS":
        return await _check_origin(request, _empty)
    return await handler(request)


async def _empty(request: web.Request) -> web.StreamResponse:
    return web.Response()


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
