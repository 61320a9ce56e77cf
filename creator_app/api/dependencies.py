"""Who asks, as a parameter type: a route that names `CurrentUser` or a narrower kind can't forget to check.

A session may do everything its user may; an API key only what its scopes say.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from creator_app.api import callers
from creator_app.bootstrap import Creator, get_creator
from creator_app.errors import Forbidden, NotSignedIn
from creator_app.infrastructure.logging import bind
from creator_app.models import ApiKey, User
from creator_app.services import accounts

_BEARER = "bearer "


@dataclass(frozen=True)
class Caller:
    """The user behind a request.

    Attributes:
        scopes: what this caller may do.
        by: ``session`` or ``api_key``.
        secret: the session token or the key, to check later that it still holds; never logged.
    """

    user: User
    scopes: frozenset[str]
    by: str
    secret: str

    @property
    def user_id(self) -> UUID:
        """The acting user."""
        return self.user.id

    @property
    def account_id(self) -> UUID:
        """The account that owns what the user makes."""
        return self.user.account_id

    def __repr__(self) -> str:
        return f"Caller(user_id={self.user.id}, by={self.by})"


async def creator() -> Creator:
    """This process's Creator; made on the first request, so that building the API opens nothing.

    ``async`` because FastAPI sends plain functions through a thread, and there is nothing to wait for.
    """
    return get_creator()


CreatorDep = Annotated[Creator, Depends(creator)]


async def check_origin(connection: HTTPConnection) -> None:
    """Refuses what a foreign page makes a browser send (cross-site request forgery).

    Raises:
        Forbidden: the request came from another site.
    """
    unsafe = connection.scope.get("method", "WEBSOCKET") not in ("GET", "HEAD", "OPTIONS")
    if not unsafe or "authorization" in connection.headers:
        return  # a foreign page can't add an Authorization header without being allowed to
    if not callers.is_own_origin(connection, get_creator().settings):
        raise Forbidden(
            "This request came from another site.",
            hint="Load the page again and try once more. Behind a proxy, set PUBLIC_URL.",
        )


async def current_caller(connection: HTTPConnection) -> Caller:
    """Who asks.

    Raises:
        NotSignedIn: nobody we know.
    """
    caller = await run_in_threadpool(find_caller, get_creator(), *_secret_of(connection))
    bind(user_id=str(caller.user_id))
    return caller


def needs(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that lets callers with ``scope`` pass."""

    async def check(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
        if scope not in caller.scopes:
            raise Forbidden(
                f"This API key may not do that: it lacks the scope {scope}.",
                hint="Make a key with this scope under API keys.",
            )
        return caller

    return check


async def operator(caller: Annotated[Caller, Depends(needs("account"))]) -> Caller:
    """Lets admins pass.

    Raises:
        Forbidden: the caller is none, or asks with a key that may not act for the account.
    """
    if caller.user.role != "admin":
        raise Forbidden("Only an administrator may do this.")
    return caller


def find_caller(creator: Creator, by: str, secret: str) -> Caller:
    """Who a session token or an API key belongs to. Blocks.

    Raises:
        NotSignedIn: to nobody, or it has ended.
    """
    with creator.uow.read() as work:
        found = (
            accounts.find_api_key(work, secret) if by == "api_key" else accounts.find_session(work, secret)
        )
    if found is None and by == "api_key":
        raise NotSignedIn(
            "This API key is not valid.", hint="See whether it is whole, and whether it was taken back."
        )
    if found is None:
        raise NotSignedIn()
    credential, user = found
    if accounts.seen_is_due(credential):
        with creator.uow.write() as work:
            accounts.mark_seen(work, credential)
    scopes = credential.scopes if isinstance(credential, ApiKey) else accounts.SCOPES
    return Caller(user, frozenset(scopes), by, secret)


def _secret_of(connection: HTTPConnection) -> tuple[str, str]:
    header = connection.headers.get("authorization")
    if header is not None:
        if not header.lower().startswith(_BEARER):
            raise NotSignedIn(
                "This kind of authorization is not known.", hint="Send: Authorization: Bearer crt_…"
            )
        return "api_key", header[len(_BEARER) :].strip()
    token = callers.session_token(connection, get_creator().settings)
    if not token:
        raise NotSignedIn()
    return "session", token


# Checks nothing: it tells the documentation how a program says who it is.
documented_bearer = HTTPBearer(auto_error=False, scheme_name="api_key", description="An API key: crt_…")

CurrentUser = Annotated[Caller, Depends(current_caller)]
JobReader = Annotated[Caller, Depends(needs("jobs:read"))]
JobWriter = Annotated[Caller, Depends(needs("jobs:write"))]
RecipeReader = Annotated[Caller, Depends(needs("recipes:read"))]
AccountKeeper = Annotated[Caller, Depends(needs("account"))]
Operator = Annotated[Caller, Depends(operator)]
