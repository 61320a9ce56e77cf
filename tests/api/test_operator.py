"""The pool and the line over REST, for admins."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from creator_app.models import DropFile, DropFolder, DropSource, Job, User
from tests.api.stack import Stack, picture
from tests.peers.web import answering

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


def test_a_server_is_asked_as_it_comes(stack: Stack, admin: httpx.Client) -> None:
    with answering(401, b"") as url:
        added = admin.post(f"{HERE}/servers", json={"url": url, "name": "rented"})
        assert (added.status_code, added.json()["state"], added.json()["asked"]) == (201, "offline", True)
        assert "wants a password" in added.json()["last_error"]
        other_name = url.replace("127.0.0.1", "localhost")
        again = admin.post(f"{HERE}/servers", json={"url": other_name})
        assert again.status_code == 409 and "rented" in again.json()["error"]["message"]
        changed = admin.post(f"{HERE}/servers", json={"url": other_name, "headers": {"X-Key": "k"}})
        assert (changed.status_code, changed.json()["id"]) == (200, added.json()["id"])
        assert changed.json()["has_secret"]
    taken = admin.post(f"{HERE}/servers", json={"url": "http://127.0.0.1:9", "name": "Rented"})
    assert taken.status_code == 409
    assert admin.delete(f"{HERE}/servers/{added.json()['id']}").status_code == 204


def test_what_is_surely_no_comfyui_is_refused(stack: Stack, admin: httpx.Client) -> None:
    own = admin.post(f"{HERE}/servers", json={"url": stack.url.replace("127.0.0.1", "localhost")})
    assert own.status_code == 422 and "Creator's own address" in own.json()["error"]["message"]
    with answering(200, b"<html>") as url:
        other = admin.post(f"{HERE}/servers", json={"url": url})
    assert other.status_code == 422 and "not a ComfyUI" in other.json()["error"]["message"]
    assert url not in admin.get(f"{HERE}/servers").text


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


def test_the_time_from_a_drop_to_its_start_is_told(admin: httpx.Client, stack: Stack) -> None:
    assert admin.get(f"{HERE}/folders").json() == {"files": 0, "median_s": None, "longest_s": None}
    with stack.person() as somebody:
        assert somebody.get(f"{HERE}/folders").status_code == somebody.get(f"{HERE}/queue").status_code == 403
        for waited in (2, 4, 60):
            files = {"image": ("a.png", picture(), "image/png")}
            job = somebody.post("/api/v1/jobs", data={"recipe": "square-post"}, files=files).json()
            _dropped(stack, UUID(job["id"]), timedelta(seconds=waited))
    assert admin.get(f"{HERE}/folders").json() == {"files": 3, "median_s": 4.0, "longest_s": 60.0}


def _dropped(stack: Stack, job_id: UUID, waited: timedelta) -> None:
    """Writes down that the job was dropped into a folder, and started so long after."""
    with stack.creator.uow.write() as work:
        job = work.session.get(Job, job_id)
        assert job is not None
        owner = {"account_id": job.account_id, "user_id": job.user_id}
        source = DropSource(**owner, kind="folder", address=f"/srv/{job_id}")
        work.session.add(source)
        work.session.flush()
        folder = DropFolder(**owner, source_id=source.id, remote_id="r", name="f", recipe_slug="square-post")
        work.session.add(folder)
        work.session.flush()
        now = datetime.now(UTC)
        job.started_at = now + waited
        place = {"folder_id": folder.id, "account_id": job.account_id, "remote_id": str(job_id)}
        times = {"dropped_at": now, "seen_at": now, "taken_at": now, "rested_since": now}
        work.session.add(DropFile(**place, **times, name="a.png", state="taken", job_id=job_id))
