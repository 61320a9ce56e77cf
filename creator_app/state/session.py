"""Who is behind an event. The session is looked up for every one, so a logout or a ban works on open tabs.

Reflex freezes a tab's headers when its websocket opens; signing in and out are therefore full page loads.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TypeVar
from uuid import UUID

import reflex as rx

from creator_app.bootstrap import get_creator
from creator_app.errors import NotFound, NotSignedIn
from creator_app.services import accounts
from creator_app.services.unit_of_work import Work

SECURE_COOKIE = "__Host-creator"

T = TypeVar("T")


@dataclass(frozen=True)
class SignedIn:
    """The user behind an event.

    Attributes:
        session: hash of the session's token, to tell sessions apart without keeping the token.
    """

    user_id: UUID
    account_id: UUID
    email: str
    is_admin: bool
    session: str


async def reading(function: Callable[[Work], T]) -> T:
    """Runs ``function`` in a reading transaction, in a thread of its own; returns plain rows."""

    def run() -> T:
        with get_creator().uow.read() as work:
            return function(work)

    return await asyncio.to_thread(run)


async def writing(function: Callable[[Work], T]) -> T:
    """Runs ``function`` in a writing transaction, in a thread of its own; returns plain rows."""

    def run() -> T:
        with get_creator().uow.write(durable=True) as work:
            return function(work)

    return await asyncio.to_thread(run)


async def require_user(state: rx.State) -> SignedIn:
    """The user behind the event that ``state`` handles.

    Raises:
        NotSignedIn: there is no session, or it has ended.
    """
    user = await current_user(state)
    if user is None:
        raise NotSignedIn()
    return user


async def require_admin(state: rx.State) -> SignedIn:
    """The admin behind the event that ``state`` handles.

    Raises:
        NotSignedIn: there is no session, or it has ended.
        NotFound: it is nobody who runs this Creator: to them there is nothing here.
    """
    user = await require_user(state)
    if not user.is_admin:
        raise NotFound("There is nothing here.", hint="Your jobs are listed under Jobs.")
    return user


async def current_user(state: rx.State) -> SignedIn | None:
    """The user behind the event, or ``None``: for pages that greet strangers too."""
    token = session_token(state)
    return await asyncio.to_thread(find_user, token) if token else None


def find_user(token: str) -> SignedIn | None:
    """The user of a session token, or ``None``. Blocks: call it in a thread."""
    with get_creator().uow.read() as work:
        user = accounts.user_for_session(work, token)
        if user is None:
            return None
        return SignedIn(user.id, user.account_id, user.email, user.role == "admin", session_hash(token))


def session_token(state: rx.State) -> str:
    """The session token that came with the tab's websocket, or an empty text.

    Over https only the ``__Host-`` cookie counts: another site on the same machine could have set the
    plain one.
    """
    headers = state.router.headers.raw_headers
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    names = [SECURE_COOKIE]
    if not headers.get("origin", "").startswith("https:"):
        names.append(f"creator_sid_{get_creator().settings.instance}")
    return next((cookies[name].value for name in names if name in cookies), "")


def session_hash(token: str) -> str:
    """A name for a session that gives nothing away."""
    return hashlib.sha256(token.encode()).hexdigest()[:32] if token else ""
