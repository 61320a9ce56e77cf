"""Who is signed in, for the shell around every page."""

import reflex as rx

from creator_app.live.hub import hub
from creator_app.state.session import current_user, require_user


class AccountState(rx.State):
    """The account shown at the end of the navigation."""

    email: str = ""
    is_admin: bool = False

    @rx.event
    async def load(self) -> None:
        """Reads who is signed in; nobody is sent to the login page."""
        user = await require_user(self)
        hub.forget(self.router.session.client_token)  # a page that shows jobs asks for them itself
        self.email, self.is_admin = user.email, user.is_admin

    @rx.event
    async def greet(self) -> rx.event.EventSpec | None:
        """Takes who is signed in past the landing page. Open to strangers: it tells them nothing."""
        user = await current_user(self)
        return rx.redirect("/new", replace=True) if user else None
