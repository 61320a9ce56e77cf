"""Calls every operation that the interface describes, over a real socket, as nobody and as somebody else.

A new route is walked by itself: unless it is named here as open to strangers, a stranger must get a 401
from it, and another user nothing of what belongs to the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from creator_app.api.app import create_api
from tests.api.stack import Stack, picture
from tests.security.victim import Victim

OPEN = {
    "register", "login", "logout",  # how one comes in, and out
    "healthz", "readyz",  # say "ok", and nothing of anybody
    "prometheus",  # open to this machine: tests/api/test_edges.py shows that nobody else sees it
    "drive_hook",  # Google calls it; strangers get nothing done: tests/google_drive/test_hook.py
    "signed_file",  # its address is the secret: tests/api/test_files.py
}  # fmt: skip


@dataclass
class Operation:
    """One operation of the description."""

    id: str
    method: str
    path: str
    parameters: list[dict[str, Any]]


def operations() -> Iterator[Operation]:
    paths: dict[str, dict[str, Any]] = create_api().openapi()["paths"]
    for path, methods in paths.items():
        for method, described in methods.items():
            yield Operation(described["operationId"], method.upper(), path, described.get("parameters", []))


ALL = list(operations())
GUARDED = [operation for operation in ALL if operation.id not in OPEN]
# Reads change nothing, and a browser keeps their answers from other sites.
UNSAFE = [operation for operation in ALL if operation.method != "GET"]


@pytest.fixture(scope="module")
def victim(stack: Stack) -> Victim:
    return Victim.of(stack)


def call(client: httpx.Client, operation: Operation, victim: Victim) -> httpx.Response:
    body: dict[str, Any] = {}
    if operation.id == "submit":
        body = {"data": {"recipe": "square-post"}, "files": {"image": ("a.png", picture(), "image/png")}}
    elif operation.method in ("POST", "PUT", "PATCH"):
        body = {"json": {"name": "mine", "email": "x@example.com", "password": "does not matter"}}
    query = {one["name"]: "1" for one in operation.parameters if one["in"] == "query" and one.get("required")}
    return client.request(operation.method, victim.fill(operation.path), params=query, **body)


def test_what_is_open_is_described() -> None:
    assert {operation.id for operation in ALL} >= OPEN, "a name here that no route has guards nothing"
    assert len(GUARDED) >= 15


@pytest.mark.parametrize("operation", GUARDED, ids=lambda operation: operation.id)
@pytest.mark.parametrize("secret", ["nothing", "cookie", "key"])
def test_a_stranger_gets_nothing(stack: Stack, victim: Victim, operation: Operation, secret: str) -> None:
    made_up = {
        "nothing": {},
        "cookie": {
            "Cookie": f"creator_sid_{stack.creator.settings.instance}=made-up; __Host-creator=made-up"
        },
        "key": {"Authorization": "Bearer crt_made-up"},
    }[secret]
    before = victim.belongings()
    with stack.client(**made_up) as stranger:
        answer = call(stranger, operation, victim)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in"), answer.text
    assert victim.belongings() == before


@pytest.mark.parametrize("operation", GUARDED, ids=lambda operation: operation.id)
def test_another_user_gets_nothing_of_mine(stack: Stack, victim: Victim, operation: Operation) -> None:
    before = victim.belongings()
    with stack.person() as other:
        answer = call(other, operation, victim)
    assert answer.status_code < 500
    if any(name in operation.path for name in ("{job_id}", "{key_id}", "{watch_id}")):
        assert answer.status_code == 404, answer.text
    if "/operator/" in operation.path:
        assert answer.status_code == 403, answer.text
    shown = answer.content.decode("latin-1")
    told = victim.fill(operation.path)  # an error may name the address it was asked at
    assert not [one for one in victim.secrets() if one in shown and one not in told]
    assert victim.belongings() == before


@pytest.mark.parametrize("operation", UNSAFE, ids=lambda operation: operation.id)
def test_another_site_changes_nothing(stack: Stack, victim: Victim, operation: Operation) -> None:
    before = victim.belongings()
    victim.client.headers["Origin"] = "https://evil.example"
    try:
        answer = call(victim.client, operation, victim)
    finally:
        del victim.client.headers["Origin"]
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), answer.text
    assert victim.belongings() == before


def test_a_key_of_somebody_else_can_not_be_revoked(stack: Stack, victim: Victim) -> None:
    with stack.person() as other:
        assert other.delete(f"/api/v1/api-keys/{victim.key_id}").status_code == 404
    assert victim.key_id in [row["id"] for row in victim.client.get("/api/v1/api-keys").json()["items"]]


def test_idempotency_keys_of_somebody_else_tell_nothing(stack: Stack, victim: Victim) -> None:
    key = {"Idempotency-Key": "shared by chance"}
    mine = stack.submit(victim.client, headers=key)
    with stack.person() as other:
        assert stack.submit(other, headers=key)["id"] != mine["id"]
