"""A job as it happens: server-sent events, and the same over a websocket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response, WebSocket
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, StreamingResponse
from starlette.websockets import WebSocketDisconnect

from creator_app.api import errors
from creator_app.api.dependencies import (
    Caller,
    CreatorDep,
    JobReader,
    check_origin,
    current_caller,
    documented_bearer,
)
from creator_app.api.job_stream import events, job_event, read_view
from creator_app.bootstrap import Creator, get_creator
from creator_app.errors import CreatorError, Forbidden

router = APIRouter(prefix="/jobs/{job_id}", tags=["live"])

_SSE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `job` (all of it, also first), `progress` and `deleted`.",
        "content": {"text/event-stream": {}},
    },
    204: {"description": "The job has ended, and this is what `Last-Event-ID` says was told before."},
}
_POLICY_VIOLATION = 1008


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses=_SSE,
    dependencies=[Depends(documented_bearer)],
)
async def job_events(
    job_id: UUID,
    caller: JobReader,
    creator: CreatorDep,
    last_event_id: Annotated[
        str | None, Header(max_length=200, description="What was told before is not told again.")
    ] = None,
) -> Response:
    """Tells what happens to a job until it ends, for ten minutes at most; then ask again."""
    # A job of somebody else answers 404, not a stream.
    now = job_event(await run_in_threadpool(read_view, creator, caller, job_id))
    if now.is_last and now.mark == last_event_id:
        return Response(
            status_code=204
        )  # a browser that reads events comes back for ever, but for this answer
    # no-transform and the header for nginx: a proxy that gathers events would make them worthless
    headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
    stream = _sse(creator, caller, job_id, last_event_id)
    return StreamingResponse(stream, headers=headers, media_type="text/event-stream")


@router.websocket("/stream")
async def job_stream(websocket: WebSocket, job_id: UUID) -> None:
    """The events of ``/events`` as messages ``{"type": …, "data": …}``."""
    creator = get_creator()
    try:
        await check_origin(websocket)
        caller = await current_caller(websocket)
        if "jobs:read" not in caller.scopes:
            raise Forbidden("This API key may not do that: it lacks the scope jobs:read.")
        await run_in_threadpool(read_view, creator, caller, job_id)
    except CreatorError as error:
        await _refuse(websocket, error)
        return
    await websocket.accept()
    talking = asyncio.create_task(_talk(websocket, creator, caller, job_id))
    leaving = asyncio.create_task(_until_gone(websocket))
    await asyncio.wait((talking, leaving), return_when=asyncio.FIRST_COMPLETED)
    for task in (talking, leaving):
        task.cancel()
    await asyncio.gather(talking, leaving, return_exceptions=True)
    # Granian sends no close while somebody waits for a message: so only now. Who has left already needs none.
    with suppress(RuntimeError):
        await websocket.close()


async def _sse(creator: Creator, caller: Caller, job_id: UUID, known: str | None) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    async for event in events(creator, caller, job_id, known):
        if event is None:
            yield ": still here\n\n"
        else:
            mark = f"id: {event.mark}\n" if event.mark else ""
            yield f"{mark}event: {event.name}\ndata: {json.dumps(event.data)}\n\n"


async def _talk(websocket: WebSocket, creator: Creator, caller: Caller, job_id: UUID) -> None:
    async for event in events(creator, caller, job_id):
        name, data = (event.name, event.data) if event else ("keep_alive", {})
        await websocket.send_json({"type": name, "data": data})


async def _until_gone(websocket: WebSocket) -> None:
    try:
        while True:
            await websocket.receive()
    except (WebSocketDisconnect, RuntimeError):
        return


async def _refuse(websocket: WebSocket, error: CreatorError) -> None:
    """Refuses before the handshake, with the sentence where the server can send one."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        request_id = str(websocket.scope.get("creator.request_id", ""))
        content = errors.body(error.code, error.message, error.hint, request_id)
        await websocket.send_denial_response(JSONResponse(content, status_code=error.status))
    else:
        await websocket.close(_POLICY_VIOLATION, error.message)
