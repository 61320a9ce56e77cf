"""Google Drive: connect, choose folders, turn recipes on, disconnect."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from creator_app.api import callers
from creator_app.api.dependencies import AccountKeeper, Caller, CreatorDep, JobReader
from creator_app.api.forms import documented, local_path, read_small
from creator_app.api.schemas.drive import (
    AuthorizeUrl,
    Begin,
    ChangedWatch,
    DriveAccount,
    DriveView,
    FolderChoiceView,
    FolderList,
    Leave,
    Left,
    NewWatch,
    WatchView,
)
from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.errors import CreatorError
from creator_app.services import drive_view, folders
from creator_app.services.drive_folders import WatchWanted
from creator_app.services.drive_grants import Returned, proof_of_user
from creator_app.services.drive_view import state_of

router = APIRouter(prefix="/drive", tags=["drive"])

PAGE = "/folders"
_CALLBACK = "/api/v1/drive/callback"


@router.get("")
def get_drive(caller: JobReader, creator: CreatorDep) -> DriveView:
    """What is connected, and the drop folders there."""
    is_set_up = creator.drive_grants.is_set_up
    with creator.uow.read() as work:
        seen = drive_view.overview(work, caller.account_id, is_set_up=is_set_up)
    return DriveView(
        configured=is_set_up,
        connected=seen.state == "connected",
        email=seen.email,
        scopes=list(seen.scopes),
        state=seen.state,
        sees_everything=seen.sees_everything,
        message=seen.message,
        watches=[WatchView.of(row) for row in seen.watches],
        accounts=[
            DriveAccount(id=one.id, email=one.email, scopes=one.scopes.split(), state=state_of(one))
            for one in seen.grants
        ],
    )


@router.post("/connect", openapi_extra=documented(Begin))
async def connect_drive(request: Request, caller: AccountKeeper, creator: CreatorDep) -> AuthorizeUrl:
    """Begins to connect a Drive: open ``authorize_url`` in the same browser, within ten minutes."""
    asked = await read_small(request, Begin)
    url = await run_in_threadpool(
        creator.drive_grants.begin,
        caller.user_id,
        _proof(caller),
        _redirect_uri(request, creator.settings),
        local_path(asked.next, PAGE),
    )
    return AuthorizeUrl(authorize_url=url)


@router.get("/callback", response_class=RedirectResponse, status_code=303)
def drive_callback(
    request: Request,
    caller: AccountKeeper,
    creator: CreatorDep,
    state: Annotated[str | None, Query(max_length=500)] = None,
    code: Annotated[str | None, Query(max_length=2000)] = None,
    error: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Where Google sends people back to; shows the page that they came from."""
    redirect_uri = _redirect_uri(request, creator.settings)
    try:
        done = creator.drive_grants.finish(
            caller.user, _proof(caller), Returned(state, code, error), redirect_uri
        )
    except CreatorError as problem:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return _to_page(PAGE, drive_error=problem.code)
    return _to_page(done.return_to, drive="connected")


@router.get("/folders")
def drive_folders(
    caller: JobReader,
    creator: CreatorDep,
    q: Annotated[str, Query(max_length=200, description="A part of the name; searches everywhere.")] = "",
    parent: Annotated[str, Query(max_length=200, description="Only what lies in this folder.")] = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> FolderList:
    """Folders to choose from, those in shared drives included."""
    page = creator.drives.folders.choices(
        caller.account_id, search=q.strip(), parent_id=parent, cursor=cursor or None
    )
    items = [FolderChoiceView.model_validate(one, from_attributes=True) for one in page.items]
    return FolderList(items=items, next_cursor=page.cursor)


@router.post("/watch", status_code=201, openapi_extra=documented(NewWatch))
async def watch_folder(request: Request, caller: AccountKeeper, creator: CreatorDep) -> WatchView:
    """Turns a recipe's drop folder on. Asking twice gives the same folder; a deleted one is made again."""
    asked = await read_small(request, NewWatch)
    wanted = WatchWanted(
        recipe=asked.recipe,
        folder_id=asked.folder_id,
        results_id=asked.results_folder_id,
        inputs=asked.inputs,
        after=asked.after,
        naming=asked.naming,
    )
    row = await run_in_threadpool(creator.drives.folders.watch, caller.account_id, wanted)
    return WatchView.of(row)


@router.patch("/watch/{watch_id}", openapi_extra=documented(ChangedWatch))
async def change_watch(
    watch_id: UUID, request: Request, caller: AccountKeeper, creator: CreatorDep
) -> WatchView:
    """Changes what happens in a drop folder."""
    asked = await read_small(request, ChangedWatch)
    return await run_in_threadpool(_change, creator, caller, watch_id, asked)


@router.delete("/watch/{watch_id}", status_code=204)
def remove_watch(watch_id: UUID, caller: AccountKeeper, creator: CreatorDep) -> None:
    """Takes no more files from a folder. The folder stays as it is in the Drive."""
    with creator.uow.write() as work:
        folders.remove(work, caller.account_id, watch_id)


@router.post("/disconnect", openapi_extra=documented(Leave))
async def disconnect_drive(request: Request, caller: AccountKeeper, creator: CreatorDep) -> Left:
    """Gives our access back at Google and forgets it. What is in the Drive stays."""
    asked = await read_small(request, Leave)
    taken = await run_in_threadpool(creator.drives.disconnect, caller.account_id, asked.account_id)
    message = "Google Drive is disconnected."
    if not taken:
        message += (
            " Google did not confirm it: look at https://myaccount.google.com/permissions whether Creator is"
            " still there, and remove it."
        )
    return Left(revoked=taken, message=message)


def _change(creator: Creator, caller: Caller, watch_id: UUID, asked: ChangedWatch) -> WatchView:
    with creator.uow.write() as work:
        row = folders.change(
            work,
            caller.account_id,
            watch_id,
            enabled=asked.enabled,
            inputs=asked.inputs,
            after=asked.after,
            naming=asked.naming,
        )
    if "results_folder_id" in asked.model_fields_set:
        row = creator.drives.folders.choose_results(
            caller.account_id, watch_id, asked.results_folder_id or None
        )
    return WatchView.of(row)


def _proof(caller: Caller) -> str:
    """What must come back with the person: their session; for an API key, any of theirs."""
    return caller.secret if caller.by == "session" else proof_of_user(caller.user_id)


def _redirect_uri(request: Request, settings: Settings) -> str:
    if settings.public_url:
        return settings.public_url + _CALLBACK
    scheme = "https" if callers.is_secure(request, settings) else "http"
    host = request.headers.get("host") or f"localhost:{settings.port}"
    return f"{scheme}://{host}{_CALLBACK}"


def _to_page(path: str, **told: str) -> RedirectResponse:
    sign = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{sign}{urlencode(told)}", status_code=303)
