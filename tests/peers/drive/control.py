"""The same from another process, over HTTP: ``POST /_control/call`` names a method of the server or of a
person.

``{"method": "drop", "user": "ana@example.com", "args": ["Creator/Portrait", "a.png"], "kwargs": {"data":
{"base64": "…"}}}`` answers ``{"result": …}``; without ``user`` the method is one of `server.DriveServer`.
``GET /_control/calls`` and ``GET /_control/requests`` show what was called. `RemoteDrive` is the client for
it.
"""

import base64
import dataclasses
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .clock import rfc3339

if TYPE_CHECKING:
    from .server import DriveServer

SERVER_METHODS = {
    "user", "shared_drive", "client", "fault", "clear_faults", "seed_faults", "advance", "calls", "clear_log",
    "set", "environ", "expire_page_tokens", "expire_uploads", "expire_access_tokens", "set_members", "calm",
    "wait_for_calls",
}  # fmt: skip


class _Rule:
    """What the server's methods don't offer as such, for use over HTTP."""

    def __init__(self, server: "DriveServer") -> None:
        self._server = server

    def clear_faults(self) -> None:
        self._server.faults.clear()

    def seed_faults(self, seed: int) -> None:
        self._server.faults.seed(seed)

    def expire_uploads(self, status: int = 404) -> None:
        self._server.uploads.expire(status)

    def expire_access_tokens(self) -> None:
        self._server.oauth.expire_access_tokens()

    def set(self, name: str, value: Any) -> None:
        """``pushes.times``, ``changes.lose_every``, ``settings.search_lag_s``, ``auto_approve``, …"""
        target: Any = self._server
        *parts, last = name.split(".")
        for part in parts:
            target = getattr(target, part)
        if last.startswith("_") or not hasattr(target, last):
            raise AttributeError(f"no setting {name!r}")
        setattr(target, last, set(value) if last == "auto_scopes" and value is not None else value)


def routes(server: "DriveServer") -> list[Route]:
    async def call(request: Request) -> Response:
        told = await request.json()
        try:
            result = await run_in_threadpool(_run, server, told)
        except Exception as error:  # noqa: BLE001 (the test that asked is to read what was wrong)
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return JSONResponse({"result": _plain(result)})

    async def calls(request: Request) -> Response:
        return JSONResponse(dict(server.calls(request.query_params.get("user"))))

    async def requests(request: Request) -> Response:
        return JSONResponse([dataclasses.asdict(one) for one in list(server.log.entries)])

    return [
        Route("/_control/call", call, methods=["POST"]),
        Route("/_control/calls", calls),
        Route("/_control/requests", requests),
    ]


def _run(server: "DriveServer", told: dict[str, Any]) -> Any:
    name, email = told["method"], told.get("user")
    if email:
        target: Any = server.user(email)
    elif name in SERVER_METHODS:
        target = _Rule(server) if hasattr(_Rule, name) else server
    else:
        raise AttributeError(f"no method {name!r}")
    if name.startswith("_"):
        raise AttributeError(f"no method {name!r}")
    found = getattr(target, name)
    if not callable(found):
        return found
    args = [_value(one) for one in told.get("args", [])]
    return found(*args, **{key: _value(one) for key, one in told.get("kwargs", {}).items()})


def _value(told: Any) -> Any:
    if isinstance(told, dict) and told.keys() == {"base64"}:
        return base64.b64decode(told["base64"])
    return [_value(one) for one in told] if isinstance(told, list) else told


def _plain(result: Any) -> Any:
    """As JSON: of an object its plain fields."""
    if isinstance(result, bytes):
        return {"base64": base64.b64encode(result).decode()}
    if isinstance(result, datetime):
        return rfc3339(result)
    if isinstance(result, (str, int, float, bool, type(None))):
        return result
    if isinstance(result, dict):
        return {str(key): _plain(one) for key, one in result.items()}
    if isinstance(result, (list, tuple, set, frozenset)):
        return [_plain(one) for one in result]
    if dataclasses.is_dataclass(result):
        return {one.name: _plain(getattr(result, one.name)) for one in dataclasses.fields(result)}
    fields = {name: getattr(result, name, None) for name in ("id", "email", "root_id")}
    return {name: value for name, value in fields.items() if value is not None}


class RemoteDrive:
    """The server in another process: ``RemoteDrive(url).user("ana@example.com").drop("In", "a", b"…")``."""

    def __init__(self, url: str, email: str | None = None) -> None:
        self.url, self._email = url.rstrip("/"), email

    def user(self, email: str) -> "RemoteDrive":
        self._post({"method": "user", "args": [email]})
        return RemoteDrive(self.url, email)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            told = {"method": name, "args": [_json(one) for one in args]}
            told |= {"kwargs": {key: _json(one) for key, one in kwargs.items()}}
            return self._post(told | ({"user": self._email} if self._email else {}))

        return call

    def _post(self, told: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_control/call", json.dumps(told).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return _value(json.load(answer)["result"])
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["error"]) from None


def _json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return rfc3339(value)
    return [_json(one) for one in value] if isinstance(value, (list, tuple)) else value
