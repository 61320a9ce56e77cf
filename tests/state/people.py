"""People with sessions and jobs, and their browser tabs, for tests of handlers."""

import io
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

import reflex as rx
from PIL import Image
from reflex.istate.data import RouterData

from creator_app.bootstrap import Creator
from creator_app.services import accounts, passwords
from creator_app.services.intake import Submission

S = TypeVar("S", bound=rx.State)


@dataclass
class Person:
    """Somebody who is signed in."""

    creator: Creator
    user_id: UUID
    account_id: UUID
    email: str
    token: str

    @property
    def cookie(self) -> str:
        """What this person's browser sends."""
        return f"creator_sid_{self.creator.settings.instance}={self.token}"

    def submit(self, recipe: str = "square-post", name: str = "photo.png") -> UUID:
        """A job of this person, waiting."""
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), "teal").save(picture, "PNG")
        picture.seek(0)
        job, _ = self.creator.intake.submit(
            Submission(self.account_id, self.user_id, recipe, {}, {"image": (picture, name)}, "dashboard")
        )
        return job.id

    def leave(self) -> None:
        """Ends the session, as a logout elsewhere does."""
        with self.creator.uow.write() as work:
            accounts.logout(work, self.token)


def arrive(creator: Creator, email: str) -> Person:
    """A new person, signed in."""
    hashed = passwords.hash_password("a long enough secret")
    with creator.uow.write() as work:
        user = accounts.add_user(work, email, hashed, admin=False, verified=True)
    with creator.uow.write() as work:
        token = accounts.open_session(work, user, "127.0.0.1", "test", 30)
    return Person(creator, user.id, user.account_id, email, token)


async def tab(state: type[S], cookie: str = "", path: str = "/", token: str = "tab-1") -> S:
    """The state of a fresh tab, as Reflex hands it to a handler."""
    root = rx.State(_reflex_internal_init=True)
    root.router = RouterData.from_router_data(
        {
            "headers": {"cookie": cookie, "origin": "http://localhost:3000"},
            "pathname": path,
            "asPath": path,
            "token": token,
        }
    )
    return await root.get_state(state)
