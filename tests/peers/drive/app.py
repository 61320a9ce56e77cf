"""The ASGI app: finds out what is called, writes it down, lets faults happen, answers."""

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from . import control, discovery, masks, uploads
from .calls import Call
from .errors import ApiError, login_required, scope_missing
from .log import Entry
from .methods import BEFORE_UPLOAD, METHODS
from .oauth_pages import Pages
from .wire import cut, cut_answer, cut_request, transport_of, wait_before_answer

if TYPE_CHECKING:
    from .server import DriveServer

PLAIN, UPLOAD, RESUMABLE = "/drive/v3/", "/upload/drive/v3/", "/resumable/upload/drive/v3/"


class App:
    """Drive's API and the OAuth endpoints of one server."""

    def __init__(self, server: "DriveServer") -> None:
        self.server = server
        pages = Pages(server)
        self._names = {route.path: route.name for route in pages.routes()}
        self._pages = Starlette(routes=[*pages.routes(), *control.routes(server)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_control"):
            await self._pages(scope, receive, send)
            return
        request = Request(scope, receive)
        entry = self.server.log.begin(request, _name(request, self._names), self._user(request))

        async def logged(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            await send(message)

        await self._with_faults(scope, receive, logged, transport_of(send), entry)

    def _user(self, request: Request) -> str | None:
        try:
            return self.server.oauth.viewer(_token(request)).user.email
        except ApiError:
            return None

    async def _with_faults(
        self, scope: Scope, receive: Receive, send: Send, transport: asyncio.Transport, entry: Entry
    ) -> None:
        for fault in self.server.faults.take(entry.method, entry.user):
            entry.faults.append(fault.kind)
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            elif fault.kind == "slow_answer":
                send = wait_before_answer(fault, send)
            elif fault.kind == "cut_before":
                cut(fault, transport)
                return
            elif fault.kind == "cut_request":
                length = int(Request(scope).headers.get("content-length", 0))
                receive = cut_request(fault, length, receive, transport)
            elif fault.kind in ("cut_response", "cut_after"):
                send = cut_answer(fault, send, transport)
            elif error := fault.error():
                await _error(error)(scope, receive, send)
                return
        try:
            await self._answer(scope, receive, send)
        except ClientDisconnect:
            entry.faults.append("client went away")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in self._names:
            await self._pages(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._api(request)
        except ApiError as error:
            response = _error(error)
        await response(scope, receive, send)

    async def _api(self, request: Request) -> Response:
        path = request.url.path
        for prefix in (UPLOAD, RESUMABLE):
            if path.startswith(prefix):
                return await self._upload(request, path.removeprefix(prefix))
        call = self._call(request, path.removeprefix(PLAIN) if path.startswith(PLAIN) else "", upload=False)
        call.body = _json(call, await request.body())
        return self._run(call)

    def _call(self, request: Request, path: str, *, upload: bool) -> Call:
        """Who calls which method with which parameters.

        Raises:
            ApiError: 404, 401, 403 or 400.
        """
        found = discovery.find(request.method, path, upload=upload)
        if found is None:
            raise ApiError(404, "notFound", "Not Found")
        method, values = found
        token = _token(request)
        if not token:
            raise login_required()
        viewer = self.server.oauth.viewer(token)
        if not viewer.scopes & method.scopes:
            raise scope_missing()
        params = discovery.read_params(method, request.query_params.multi_items(), upload=upload)
        if params["alt"] == "media" and not method.has_download:
            raise ApiError(400, "badRequest", "Media download is not supported by this method.")
        if params["alt"] == "media" and all(
            "metadata" in one or "/drive" not in one for one in viewer.scopes
        ):
            raise scope_missing()
        return Call(self.server, method, values, params, viewer, range=request.headers.get("range"))

    def _run(self, call: Call) -> Response:
        function = METHODS.get(call.method.name)
        if function is None:
            raise ApiError(501, "notImplemented", f"{call.method.name} is not a part of this test server")
        with self.server.store.lock:
            told = function(call)
            if isinstance(told, Response):
                return told
            if told is None or call.method.response is None:
                return Response(status_code=204)
            return _told(call, told)

    # uploads

    async def _upload(self, request: Request, path: str) -> Response:
        session_id = request.query_params.get("upload_id")
        if session_id:
            return await self._session(request, session_id)
        call = self._call(request, path, upload=True)
        kind = call.params.get("uploadType", "media")
        if kind == "resumable":
            return self._open_session(request, call, await request.body())
        if kind == "multipart":
            body = await _small_body(request)
            told, call.content_type, content = uploads.split_multipart(
                request.headers.get("content-type", ""), body
            )
            call.body, call.content = _json(call, told), self.server.store.blobs.keep(content)
        elif kind == "media":
            call.content_type, call.content = await self._whole(request)
        else:
            raise ApiError(400, "badRequest", f"Invalid upload type: {kind}", location="uploadType")
        return self._run(call)

    async def _whole(self, request: Request) -> tuple[str | None, Any]:
        writer = self.server.store.blobs.writer()
        async for data in request.stream():
            writer.write(data)
        return request.headers.get("content-type"), writer.finish()

    def _open_session(self, request: Request, call: Call, body: bytes) -> Response:
        call.body = _json(call, body)
        call.content_type = request.headers.get("x-upload-content-type")
        length = request.headers.get("x-upload-content-length")
        with self.server.store.lock:
            BEFORE_UPLOAD[call.method.name](call)
            masks.apply(call.params.get("fields"), "File", {})
            uploads.check_room(call, int(length or 0))
            session = self.server.uploads.open(call, int(length) if length else None)
        query = f"uploadType=resumable&upload_id={session.id}"
        location = f"{self.server.url}{request.url.path}?{query}"
        return Response(headers={"Location": location, "X-GUploader-UploadID": session.id})

    async def _session(self, request: Request, session_id: str) -> Response:
        if token := _token(request):
            self.server.oauth.viewer(token)
        session = self.server.uploads.find(session_id)
        if request.method == "DELETE":
            del self.server.uploads.sessions[session_id]
            return Response(status_code=499)
        if request.method not in ("PUT", "POST"):
            raise ApiError(404, "notFound", "Not Found")
        async with session.turn:
            return await self._next_chunk(request, session)

    async def _next_chunk(self, request: Request, session: uploads.Session) -> Response:
        if session.answer is not None:
            await request.body()
            return _told(session.call, session.answer)
        chunk = uploads.read_chunk(request, session)
        # An empty content has no bytes to name: its only chunk is the question.
        if chunk.start is None and chunk.total != 0:
            return uploads.progress(session)
        if not await uploads.receive(request, session, chunk):
            return uploads.progress(session)
        session.call.content = session.finish()
        with self.server.store.lock:
            session.answer = METHODS[session.call.method.name](session.call)  # type: ignore[assignment]
        return _told(session.call, session.answer or {})


def _name(request: Request, pages: Mapping[str, str]) -> str:
    """How a call is named in the log and for faults."""
    path = request.url.path
    if path in pages:
        return pages[path]
    if "upload_id" in request.query_params:
        asks = request.headers.get("content-range", "").startswith("bytes */")
        return "upload.status" if asks else "upload.chunk"
    for prefix in (UPLOAD, RESUMABLE, PLAIN):
        if path.startswith(prefix):
            found = discovery.find(request.method, path.removeprefix(prefix), upload=prefix != PLAIN)
            return found[0].name if found else "unknown"
    return "unknown"


def _token(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else request.query_params.get("access_token", "")


def _json(call: Call, body: bytes) -> dict[str, Any]:
    if not call.method.request:
        return {}
    try:
        told = json.loads(body) if body.strip() else {}
    except ValueError:
        raise ApiError(400, "parseError", "Parse Error") from None
    return discovery.check_body(call.method.request, told)


async def _small_body(request: Request) -> bytes:
    body = bytearray()
    async for data in request.stream():
        body += data
        if len(body) > uploads.MULTIPART_BYTES:
            raise ApiError(413, "uploadTooLarge", "Request Too Large")
    return bytes(body)


def _told(call: Call, told: dict[str, Any]) -> Response:
    shown = masks.apply(call.params.get("fields"), str(call.method.response), told)
    return JSONResponse(shown, headers={"Cache-Control": "no-cache, no-store", "Vary": "Origin"})


def _error(error: ApiError) -> Response:
    if error.status == 308:
        return PlainTextResponse("", 308)
    return JSONResponse(error.body(), error.status, headers=error.headers)
