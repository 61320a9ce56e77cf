"""The operator's page. Every handler asks whether an admin is there; to others the page does not exist."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import reflex as rx
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from creator_app.bootstrap import get_creator
from creator_app.errors import CreatorError, InvalidInput, NotFound
from creator_app.services import folders, line_view, new_servers, pool_view, servers, switches
from creator_app.services.new_servers import Joined
from creator_app.services.unit_of_work import Work
from creator_app.state.operator_rows import (
    LineRow,
    ServerRow,
    lag_sentence,
    line_row,
    pool_sentence,
    server_rows,
)
from creator_app.state.session import SignedIn, reading, require_admin, require_user, writing

_UUID = TypeAdapter(UUID)


class _NewServer(BaseModel):
    """What the form of a new server sends."""

    address: Annotated[str, Field(min_length=1, max_length=2000)]
    name: Annotated[str, Field(max_length=80)] = ""
    slots: Annotated[int, Field(ge=1, le=64)] = 1
    user: Annotated[str, Field(max_length=400)] = ""
    password: Annotated[str, Field(max_length=4000)] = ""
    header: Annotated[str, Field(max_length=4200)] = ""


class OperatorState(rx.State):
    """The pool of servers, the line and the drop folders, as admins see them."""

    servers: rx.Field[list[ServerRow]] = rx.field(default_factory=list)
    pool: str = ""
    line: LineRow = LineRow()
    #: From the drop into a folder to the start of the job.
    lag: str = ""
    loaded: bool = False
    missing: bool = False
    busy: bool = False
    adding: bool = False
    wrong: str = ""

    @rx.event
    async def load(self) -> None:
        """Reads everything; whoever is no admin finds nothing here."""
        user = await require_user(self)
        self.adding, self.wrong = False, ""
        await self._read_for(user)

    @rx.event
    async def reload(self) -> None:
        """Reads everything again, as long as an admin looks."""
        user = await require_user(self)
        await self._read_for(user)

    @rx.event
    async def show_form(self, shown: bool) -> None:
        """Opens or closes the form of a new server."""
        await require_admin(self)
        self.adding, self.wrong = shown is True, ""

    @rx.event
    async def add(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Adds a server. What is wrong is said in the form."""
        await require_admin(self)
        try:
            joined = await asyncio.to_thread(_join, form)
        except CreatorError as error:
            self.wrong = f"{error.message} {error.hint}".strip()
            return None
        self.adding, self.wrong = False, ""
        await self._read()
        done = "is in the pool" if joined.new else "has its new password or header"
        if joined.answers:
            return rx.toast.success(f"{joined.url} {done}, and it answers.")
        return rx.toast.warning(
            f"{joined.url} {done}, but it can't be used yet.",
            description=f"{joined.visit.message} {joined.visit.hint}".strip(),
        )

    @rx.event
    async def drain(self, server_id: str) -> None:
        """Lets a server finish what it runs, and gives it nothing new."""
        await require_admin(self)
        await writing(lambda work: servers.drain(work, _server(work, server_id)))
        await self._read()

    @rx.event
    async def resume(self, server_id: str) -> None:
        """Ends draining or quarantine."""
        await require_admin(self)
        await writing(lambda work: servers.resume(work, _server(work, server_id)))
        await self._read()

    @rx.event
    async def remove(self, server_id: str) -> None:
        """Takes an idle server out of the pool."""
        await require_admin(self)
        await writing(lambda work: servers.remove(work, _server(work, server_id)))
        await self._read()

    @rx.event
    async def pause_queue(self, paused: bool) -> None:
        """Starts nothing new, or goes on."""
        await require_admin(self)
        await writing(lambda work: switches.turn(work, queue_paused=paused is True) and None)
        await self._read()

    @rx.event
    async def pause_intake(self, paused: bool) -> None:
        """Takes no new jobs, or goes on."""
        await require_admin(self)
        await writing(lambda work: switches.turn(work, intake_paused=paused is True) and None)
        await self._read()

    async def _read_for(self, user: SignedIn) -> None:
        if user.is_admin:
            await self._read()
        else:
            self.reset()
            self.missing = True

    async def _read(self) -> None:
        views, line, lag = await reading(
            lambda work: (pool_view.views(work), line_view.view(work), folders.lag(work))
        )
        found = {
            "servers": server_rows(views),
            "line": line_row(line),
            "pool": pool_sentence(views),
            "lag": lag_sentence(lag),
            "busy": bool(line.running or line.waiting) or any(view.state == "offline" for view in views),
            "loaded": True,
            "missing": False,
        }
        # Only what has changed is sent: an open page costs next to nothing while nothing happens.
        for name, value in found.items():
            if getattr(self, name) != value:
                setattr(self, name, value)


def _join(form: object) -> Joined:
    asked = _asked(form)
    headers = servers.password_header(asked.user, asked.password) if asked.user or asked.password else {}
    if asked.header:
        name, _, value = asked.header.partition(":")
        headers[name.strip()] = value.strip()
    creator = get_creator()
    return new_servers.join(
        creator.uow,
        creator.encryptor.encrypt_dict,
        asked.address,
        own_addresses=creator.own_addresses,
        name=asked.name.strip() or None,
        slots=asked.slots,
        headers=headers,
    )


def _asked(form: object) -> _NewServer:
    filled = {key: value for key, value in form.items() if value != ""} if isinstance(form, dict) else {}
    try:
        return _NewServer.model_validate(filled)
    except ValidationError as error:
        where = error.errors()[0]["loc"][0]
        raise InvalidInput(_WRONG.get(str(where), "This is too long."), hint="") from None


_WRONG = {"address": "The address is missing.", "slots": "A server can have 1 to 64 slots."}


def _server(work: Work, server_id: str) -> Any:
    try:
        return servers.get(work, _UUID.validate_python(server_id))
    except ValidationError:
        raise NotFound("There is no such server.", hint="It may have been removed already.") from None
