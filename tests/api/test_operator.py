"""The pool and the line over REST, for admins."""

from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import select

from creator_app.models import User
from tests.api.stack import Stack, picture

HERE = "/api/v1/operator"
PASSWORD = "never-shown"


@pytest.fixture
def admin(stack: Stack) -> Iterator[httpx.Client]:
    with stack.person() as client:
        email = client.get("/api/v1/auth/me").json()["user"]["email"]
        with stack.creator.uow.write() as work:
            user = work.session.exec(select(User).where(User.email == email)).one()
            user.role = "admin"
            work.session.add(user)
        yield client


def test_a_server_comes_is_drained_and_goes(admin: httpx.Client) -> None:
    asked = {"url": f"http://ann:{PASSWORD}@comfy.invalid:8188", "name": "big one", "slots": 2}
    added = admin.post(f"{HERE}/servers", json=asked)
    assert added.status_code == 201, added.text
    server = added.json()
    assert (server["name"], server["slots"], server["has_secret"]) == ("big one", 2, True)
    assert PASSWORD not in added.text and PASSWORD not in admin.get(f"{HERE}/servers").text
    place = f"{HERE}/servers/{server['id']}"
    assert admin.post(f"{place}/drain").json()["state"] == "draining"
    assert admin.post(f"{place}/resume").json()["state"] != "draining"
    assert admin.delete(place).status_code == 204
    assert admin.delete(place).status_code == 404
    assert server["id"] not in [one["id"] for one in admin.get(f"{HERE}/servers").json()["items"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"url": ""},
        {"url": "not an address"},
        {"url": "file:///etc/passwd"},
        {"url": "http://comfy.invalid:8188", "slots": 0},
        {"url": "http://comfy.invalid:8188", "headers": {"Bad\r\nName": "x"}},
        {"url": 7},
    ],
)
def test_what_is_no_server_is_refused_with_a_sentence(admin: httpx.Client, wrong: dict[str, object]) -> None:
    before = admin.get(f"{HERE}/servers").json()
    answer = admin.post(f"{HERE}/servers", json=wrong)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]["message"] and answer.json()["error"]["hint"]
    assert admin.get(f"{HERE}/servers").json() == before


def test_a_paused_intake_takes_nothing_and_a_paused_queue_starts_nothing(
    stack: Stack, admin: httpx.Client
) -> None:
    assert admin.post(f"{HERE}/queue/pause", json={"what": "intake"}).json()["intake_paused"]
    files = {"image": ("a.png", picture(), "image/png")}
    refused = admin.post("/api/v1/jobs", data={"recipe": "square-post"}, files=files)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "intake_paused")
    assert not admin.post(f"{HERE}/queue/resume", json={"what": "intake"}).json()["intake_paused"]
    job = stack.submit(admin)
    assert admin.post(f"{HERE}/queue/pause", json={"what": "queue"}).json()["queue_paused"]
    assert "paused" in admin.get(f"/api/v1/jobs/{job['id']}").json()["status_sentence"].lower()
    assert not admin.post(f"{HERE}/queue/resume", json={"what": "queue"}).json()["queue_paused"]
    assert admin.post(f"{HERE}/queue/pause", json={"what": "everything"}).status_code in (400, 422)


def test_an_admin_with_a_small_key_is_no_admin(stack: Stack, admin: httpx.Client) -> None:
    key = admin.post("/api/v1/api-keys", json={"name": "bot", "scopes": ["jobs:read"]}).json()["key"]
    with stack.client(Authorization=f"Bearer {key}") as bot:
        assert bot.get(f"{HERE}/servers").status_code == 403
        assert bot.post(f"{HERE}/queue/pause", json={"what": "intake"}).status_code == 403
