"""Around the handlers: a tab that changes its session forgets what it knew; errors become sentences."""

import asyncio

import reflex as rx
from reflex.event import Event, EventSpec
from reflex.middleware import Middleware
from reflex.state import BaseState, StateUpdate

from creator_app.errors import CreatorError, NotSignedIn
from creator_app.infrastructure.logging import get_logger
from creator_app.live.hub import hub
from creator_app.state.session import find_user, session_hash, session_token

log = get_logger(__name__)


class TabOwner(rx.State):
    """Remembers whose session a tab's state belongs to."""

    #: Hash of the living session that filled the tab; empty where there was none.
    _session: str = ""
    #: Hash of the cookie that it was judged by.
    _judged: str = "never"


class ForgetFormerSession(Middleware):
    """Empties a tab's state when the tab's session is not the one that filled it.

    A tab's Reflex token outlives logins, so without this a reload would first show the rows of whoever was
    signed in before. Asked whenever the whole state is sent, and at the first event with another cookie.
    """

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Runs before each event."""
        root = state._get_root_state()
        owner = await root.get_state(TabOwner)
        token = session_token(root)
        judged = session_hash(token)
        sends_all = event.name.endswith((".hydrate", ".hydrate_and_load"))
        if not sends_all and owner._judged == judged:
            return None
        alive = bool(token) and await asyncio.to_thread(find_user, token) is not None
        session = judged if alive else ""
        if owner._session != session:
            hub.forget(root.router.session.client_token)
            root.reset()
            owner._session = session
        owner._judged = judged
        return None


def on_error(error: Exception) -> EventSpec:
    """What a page does when a handler raised.

    Args:
        error: one of Creator's own errors is shown as it is; any other is logged and named in general words.
    """
    if isinstance(error, NotSignedIn):
        return to_login()
    if isinstance(error, CreatorError):
        return rx.toast.error(error.message, description=error.hint or None)
    log.error("handler_failed", error=type(error).__name__, exc_info=error)
    return rx.toast.error("That did not work.", description="It is not your doing. Try again in a moment.")


def to_login() -> EventSpec:
    """Goes to the login page and comes back after it."""
    return rx.call_script(
        "const here = window.location.pathname + window.location.search;"
        "window.location.assign('/login?next=' + encodeURIComponent(here));"
    )
