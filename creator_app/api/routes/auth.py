"""Sign-up, login, logout. JSON for programs; a page's form is sent on to a page with a full load."""

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse

from creator_app.api import callers, cookies
from creator_app.api.dependencies import CreatorDep, CurrentUser, documented_bearer
from creator_app.api.forms import documented, local_path, read_small, wants_page
from creator_app.api.schemas.accounts import Credentials, Leaving, NewAccount, UserAnswer
from creator_app.bootstrap import Creator
from creator_app.models import User
from creator_app.services import accounts
from creator_app.services.accounts import Registration, SignIn

router = APIRouter(prefix="/auth", tags=["auth"])

HOME = "/new"


@router.post(
    "/register", status_code=201, response_model=UserAnswer, openapi_extra=documented(NewAccount, form=True)
)
async def register(request: Request, creator: CreatorDep) -> Response:
    """Makes an account and signs it in."""
    asked = await read_small(request, NewAccount)
    registration = Registration(
        email=asked.email,
        password=asked.password,
        loopback=callers.is_loopback(request, creator.settings),
        ip=callers.client_ip(request),
        setup_code=asked.setup_code,
        invite=asked.invite,
    )
    user = await run_in_threadpool(accounts.register, creator.uow, registration, creator.settings)
    token = await run_in_threadpool(_open_session, creator, user, request)
    return _welcome(request, creator, user, token, 201)


@router.post("/login", response_model=UserAnswer, openapi_extra=documented(Credentials, form=True))
async def login(request: Request, creator: CreatorDep) -> Response:
    """Opens a session and sets its cookie; a former session of this browser ends."""
    asked = await read_small(request, Credentials)
    sign_in = SignIn(
        asked.email, asked.password, callers.client_ip(request), request.headers.get("user-agent")
    )
    former = callers.session_token(request, creator.settings)
    user, token = await run_in_threadpool(
        accounts.login, creator.uow, sign_in, creator.settings.session_days, former=former
    )
    return _welcome(request, creator, user, token, 200)


@router.post("/logout", status_code=204, openapi_extra=documented(Leaving, form=True))
async def logout(request: Request, creator: CreatorDep) -> Response:
    """Ends the session of this browser. Nobody signed in is fine too."""
    asked = await read_small(request, Leaving)
    token = callers.session_token(request, creator.settings)
    if token:
        await run_in_threadpool(_close_session, creator, token)
    answer: Response = Response(status_code=204)
    if wants_page(request):
        answer = RedirectResponse(local_path(asked.next, "/"), status_code=303)
    cookies.clear_session(answer, creator.settings)
    return answer


@router.get("/me", dependencies=[Depends(documented_bearer)])
async def me(caller: CurrentUser) -> UserAnswer:
    """Who asks."""
    return UserAnswer.of(caller.user)


def _open_session(creator: Creator, user: User, request: Request) -> str:
    agent, ip = request.headers.get("user-agent"), callers.client_ip(request)
    with creator.uow.write() as work:
        return accounts.open_session(work, user, ip, agent, creator.settings.session_days)


def _close_session(creator: Creator, token: str) -> None:
    with creator.uow.write() as work:
        accounts.logout(work, token)


def _welcome(request: Request, creator: Creator, user: User, token: str, status: int) -> Response:
    answer: Response = JSONResponse(UserAnswer.of(user).model_dump(mode="json"), status_code=status)
    if wants_page(request):
        answer = RedirectResponse(local_path(request.scope.get("creator.next"), HOME), status_code=303)
    answer.headers["Cache-Control"] = "no-store"
    cookies.set_session(answer, request, creator.settings, token)
    return answer
