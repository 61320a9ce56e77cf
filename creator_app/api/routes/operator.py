"""For admins: the pool of servers, the line, and how quickly dropped files are begun."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from creator_app.api.dependencies import CreatorDep, Operator
from creator_app.api.forms import documented, read_small
from creator_app.api.schemas.operator import NewServer, ServerList, Switch
from creator_app.bootstrap import Creator
from creator_app.models import ComfyServer
from creator_app.services import folders, line_view, new_servers, pool_view, servers, switches
from creator_app.services.folders import Lag
from creator_app.services.line_view import LineView
from creator_app.services.pool_view import ServerView
from creator_app.services.unit_of_work import Work

router = APIRouter(prefix="/operator", tags=["operator"])


@router.get("/servers")
def list_servers(caller: Operator, creator: CreatorDep) -> ServerList:
    """The servers, how they are, and which recipes each can run."""
    with creator.uow.read() as work:
        return ServerList(items=pool_view.views(work))


@router.post("/servers", status_code=201, openapi_extra=documented(NewServer))
async def add_server(
    request: Request, caller: Operator, creator: CreatorDep, response: Response
) -> ServerView:
    """Asks a server how it is, and adds it: ``last_error`` says why it can't be used yet.

    What is surely no ComfyUI is refused. One that is there already gets the new password or header: 200.
    """
    view, new = await run_in_threadpool(_add, creator, await read_small(request, NewServer))
    response.status_code = 201 if new else 200
    return view


@router.delete("/servers/{server_id}", status_code=204)
def remove_server(server_id: UUID, caller: Operator, creator: CreatorDep) -> None:
    """Takes an idle server out of the pool; where something runs, it answers 409: drain it first."""
    with creator.uow.write(durable=True) as work:
        servers.remove(work, servers.get(work, server_id))


@router.post("/servers/{server_id}/drain")
def drain_server(server_id: UUID, caller: Operator, creator: CreatorDep) -> ServerView:
    """Lets a server finish what it runs, and gives it nothing new."""
    return _change(creator, server_id, servers.drain)


@router.post("/servers/{server_id}/resume")
def resume_server(server_id: UUID, caller: Operator, creator: CreatorDep) -> ServerView:
    """Ends draining or quarantine; the server gets jobs once it was seen to answer."""
    return _change(creator, server_id, servers.resume)


@router.get("/queue")
def show_queue(caller: Operator, creator: CreatorDep) -> LineView:
    """Who waits and runs, what holds jobs back, what is stuck, and how the switches stand."""
    with creator.uow.read() as work:
        return line_view.view(work)


@router.get("/folders")
def show_folders(caller: Operator, creator: CreatorDep) -> Lag:
    """How long it took from a file's drop into a folder to the start of its job, over the last day."""
    with creator.uow.read() as work:
        return folders.lag(work)


@router.post("/queue/pause", openapi_extra=documented(Switch))
async def pause_queue(request: Request, caller: Operator, creator: CreatorDep) -> LineView:
    """Starts nothing new (``queue``), or refuses new jobs (``intake``). What runs goes on."""
    return await run_in_threadpool(_turn, creator, await read_small(request, Switch), True)


@router.post("/queue/resume", openapi_extra=documented(Switch))
async def resume_queue(request: Request, caller: Operator, creator: CreatorDep) -> LineView:
    """Goes on."""
    return await run_in_threadpool(_turn, creator, await read_small(request, Switch), False)


def _add(creator: Creator, asked: NewServer) -> tuple[ServerView, bool]:
    joined = new_servers.join(
        creator.uow,
        creator.encryptor.encrypt_dict,
        asked.url,
        own_addresses=creator.own_addresses,
        name=asked.name,
        slots=asked.slots,
        headers=asked.headers,
    )
    with creator.uow.read() as work:
        return pool_view.view(work, joined.server_id), joined.new


def _change(creator: Creator, server_id: UUID, change: Callable[[Work, ComfyServer], None]) -> ServerView:
    with creator.uow.write(durable=True) as work:
        change(work, servers.get(work, server_id))
        work.session.flush()
        return pool_view.view(work, server_id)


def _turn(creator: Creator, switch: Switch, paused: bool) -> LineView:
    with creator.uow.write(durable=True) as work:
        if switch.what == "intake":
            switches.turn(work, intake_paused=paused)
        else:
            switches.turn(work, queue_paused=paused)
        work.session.flush()
        return line_view.view(work)
