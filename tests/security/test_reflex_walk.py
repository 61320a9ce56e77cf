"""Calls every handler that Reflex registered, over the pages' real socket, as nobody and as another user.

Everything public on a state can be called by anybody with any argument, whatever the pages offer. So the
names come from Reflex's own registry, Reflex's internal handlers included, and what counts is what came back.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
import socketio

from tests.api.stack import ROOT, Stack
from tests.security.victim import Victim

_LIST_HANDLERS = """
import inspect, json
import creator_app.creator_app
from reflex_base.registry import RegistrationContext
handlers = RegistrationContext.get().event_handlers
names = {name: list(inspect.signature(one.handler.fn).parameters)[1:] for name, one in handlers.items()}
print("HANDLERS" + json.dumps(names))
"""
_QUIET_S = 1.5
_NAMESPACE = "/_event"
# What a page sends when it opens: the whole state, then its own data.
_OPENING = (".hydrate", ".load")


@pytest.fixture(scope="module")
def handlers(stack: Stack) -> dict[str, list[str]]:
    """Names and arguments of all handlers. Read in a process of its own: Reflex's registry is global."""
    command = [sys.executable, "-c", _LIST_HANDLERS]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert listed.returncode == 0, listed.stderr[-2000:]
    line = next(line for line in listed.stdout.splitlines() if line.startswith("HANDLERS"))
    found: dict[str, list[str]] = json.loads(line.removeprefix("HANDLERS"))
    return found


@pytest.fixture(scope="module")
def victim(stack: Stack) -> Victim:
    return Victim.of(stack)


class Tab:
    """A browser tab's socket, and all that came over it."""

    def __init__(self, client: socketio.Client) -> None:
        self._client = client
        self.received: list[Any] = []
        self._last = time.monotonic()
        client.on("event", self._take, namespace=_NAMESPACE)

    def _take(self, data: Any) -> None:
        self.received.append(data)
        self._last = time.monotonic()

    def call(self, name: str, payload: dict[str, Any], page: tuple[str, str]) -> None:
        """Sends an event as the front end does, with whatever payload."""
        router = {"pathname": page[0], "asPath": page[1], "query": {"job_id": page[1].rsplit("/", 1)[-1]}}
        self._client.emit(
            "event", {"name": name, "payload": payload, "router_data": router}, namespace=_NAMESPACE
        )

    def settle(self) -> str:
        """Waits until nothing more comes; gives all that came as one text."""
        self._last = time.monotonic()
        while time.monotonic() - self._last < _QUIET_S:
            time.sleep(0.1)
        return json.dumps(self.received, default=str)


@contextmanager
def tab(stack: Stack, cookies: httpx.Cookies | None, token: str | None = None) -> Iterator[Tab]:
    """Opens a tab with a browser's cookies."""
    client = socketio.Client(reconnection=False)
    opened = Tab(client)
    headers = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in cookies.jar)} if cookies else {}
    headers["Origin"] = stack.url
    client.connect(
        f"{stack.url}?token={token or uuid4()}",
        headers=headers,
        transports=["websocket"],
        namespaces=[_NAMESPACE],
        socketio_path="/_event",
        wait_timeout=10,
    )
    try:
        yield opened
    finally:
        client.disconnect()


def call_all(opened: Tab, handlers: dict[str, list[str]], victim: Victim) -> str:
    """Calls everything, with the victim's ids wherever an argument goes, and returns what came back."""
    page = ("/jobs/[job_id]", victim.fill("/jobs/{job_id}"))
    for name, arguments in handlers.items():
        opened.call(name, _payload(arguments, victim.finished), page)
    for name, arguments in handlers.items():
        if "job_id" in arguments:
            opened.call(name, _payload(arguments, victim.waiting), page)
        if name.endswith((".load", ".refresh")):
            opened.call(name, {}, ("/jobs", "/jobs"))
    return opened.settle()


def _payload(arguments: list[str], job_id: str) -> dict[str, Any]:
    # "vars" and "hashes" are what a front end tells of its browser's storage: Reflex wants them as objects.
    return {name: {} if name in ("vars", "hashes") else job_id for name in arguments}


def only(handlers: dict[str, list[str]], *endings: str) -> dict[str, list[str]]:
    """The handlers whose names end so, in the order of the endings."""
    return {name: handlers[name] for end in endings for name in handlers if name.endswith(end)}


def stolen(victim: Victim, shown: str, told: tuple[str, ...]) -> list[str]:
    return [secret for secret in victim.secrets() if secret in shown and secret not in told]


def test_the_walk_finds_handlers(handlers: dict[str, list[str]]) -> None:
    ours = [name for name in handlers if "creator_app" in name]
    assert len(ours) >= 12, handlers


def test_the_owner_sees_their_own(stack: Stack, handlers: dict[str, list[str]]) -> None:
    """Else the tests below would pass for the wrong reason."""
    owner = Victim.of(stack)
    with tab(stack, owner.client.cookies) as opened:
        shown = call_all(opened, only(handlers, *_OPENING), owner)
    assert {owner.email, "secret-holiday"} <= set(stolen(owner, shown, ()))


def test_a_stranger_gets_nothing(stack: Stack, handlers: dict[str, list[str]], victim: Victim) -> None:
    before = victim.belongings()
    with tab(stack, None) as opened:
        shown = call_all(opened, handlers, victim)
    # The ids are what the walk itself sent: Reflex tells a tab the address that it says it is on.
    assert stolen(victim, shown, (victim.finished, victim.waiting)) == []
    assert victim.belongings() == before


def test_another_user_gets_nothing_of_mine(
    stack: Stack, handlers: dict[str, list[str]], victim: Victim
) -> None:
    before = victim.belongings()
    with stack.person() as other, tab(stack, other.cookies) as opened:
        shown = call_all(opened, handlers, victim)
    assert stolen(victim, shown, (victim.finished, victim.waiting)) == []
    assert victim.belongings() == before


@pytest.mark.parametrize("filled_by", [_OPENING, (".load",)], ids=["as a page", "without the opening"])
@pytest.mark.parametrize("who", ["nobody", "another user"])
def test_a_tab_forgets_its_former_user(
    stack: Stack, handlers: dict[str, list[str]], who: str, filled_by: tuple[str, ...]
) -> None:
    """A tab's token outlives logins: whoever comes next with it must not see what it showed."""
    owner, token = Victim.of(stack), str(uuid4())
    with tab(stack, owner.client.cookies, token) as opened:
        assert "secret-holiday" in call_all(opened, only(handlers, *filled_by), owner)
    with (
        stack.person() as other,
        tab(stack, other.cookies if who == "another user" else None, token) as next_tab,
    ):
        shown = call_all(next_tab, only(handlers, *_OPENING, ".hydrate_and_load"), owner)
    assert stolen(owner, shown, (owner.finished, owner.waiting)) == []


def test_a_session_that_ended_is_over_in_open_tabs(stack: Stack, handlers: dict[str, list[str]]) -> None:
    owner = Victim.of(stack)
    with tab(stack, owner.client.cookies) as opened:
        opened.settle()
        owner.client.post("/api/v1/auth/logout")
        shown = call_all(opened, only(handlers, *_OPENING), owner)
    assert stolen(owner, shown, (owner.finished, owner.waiting)) == []


def test_nobody_sets_a_var_from_outside(stack: Stack, handlers: dict[str, list[str]]) -> None:
    with stack.person() as client, tab(stack, client.cookies) as opened:
        for name in only(handlers, ".setvar"):
            for var in ("is_admin", "email", "rows", "live", "_session"):
                opened.call(name, {"var_name": var, "value": "set from outside"}, ("/jobs", "/jobs"))
        for name in only(handlers, ".hydrate"):
            opened.call(name, {}, ("/jobs", "/jobs"))
        shown = opened.settle()
    assert "set from outside" not in shown


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_the_socket_is_closed_to_other_sites(stack: Stack, victim: Victim, origin: str) -> None:
    client = socketio.Client(reconnection=False)
    cookie = "; ".join(f"{one.name}={one.value}" for one in victim.client.cookies.jar)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(
            f"{stack.url}?token={uuid4()}",
            headers={"Origin": origin, "Cookie": cookie},
            transports=["websocket"],
            namespaces=[_NAMESPACE],
            socketio_path="/_event",
            wait_timeout=5,
        )


def test_reflexs_own_upload_stays_closed(stack: Stack, victim: Victim) -> None:
    """It would read a body before anybody is asked who they are."""
    for client in (stack.client(), victim.client):
        answer = client.post("/_upload", files={"files": ("a.txt", b"x" * 1000)})
        assert answer.status_code in (404, 405), answer.text
