"""A job as it happens, over SSE and websocket: the snapshot first, then changes, and an end."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import httpx
import pytest
import websocket

from creator_app.domain.job_state import JobStatus
from creator_app.models import Job
from tests.api.stack import Stack, picture


def sse(client: httpx.Client, job_id: str) -> Iterator[tuple[str, dict[str, object]]]:
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events", timeout=15) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))


def later(seconds: float, action: Callable[[], object]) -> None:
    threading.Timer(seconds, action).start()


def test_the_first_event_is_the_job_as_it_is(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    name, data = next(sse(person, job["id"]))
    assert (name, data["id"], data["status"]) == ("job", job["id"], "queued")


def test_a_finished_job_is_told_once_and_the_stream_ends(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    stack.finish(job["id"], [("a.png", "image/png", picture())])
    events = list(sse(person, job["id"]))
    assert [(name, data["status"]) for name, data in events] == [("job", "succeeded")]


def told(client: httpx.Client, job_id: str, known: str | None = None) -> tuple[int, list[tuple[str, str]]]:
    """The status of an event stream that ends, and its events: the id and the name of each."""
    headers = {"Last-Event-ID": known} if known else {}
    answer = client.get(f"/api/v1/jobs/{job_id}/events", headers=headers, timeout=15)
    blocks = [block.split("\n") for block in answer.text.split("\n\n") if "event: " in block]
    return answer.status_code, [
        (next((line[4:] for line in lines if line.startswith("id: ")), ""), lines[-2].removeprefix("event: "))
        for lines in blocks
    ]


def test_what_was_told_is_not_told_again(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    with person.stream("GET", f"/api/v1/jobs/{job['id']}/events", timeout=15) as answer:
        waiting = next(line[4:] for line in answer.iter_lines() if line.startswith("id: "))
    stack.finish(job["id"], [("a.png", "image/png", picture())])
    status, events = told(person, job["id"], waiting)
    assert status == 200 and [name for _, name in events] == ["job"]
    ended = events[0][0]
    assert ended and ended != waiting
    assert told(person, job["id"], ended) == (204, []), "it would come back for ever"
    assert told(person, job["id"], "of another time") == (200, events)


def test_a_line_that_broke_goes_on_with_the_next_change(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    with person.stream("GET", f"/api/v1/jobs/{job['id']}/events", timeout=15) as answer:
        known = next(line[4:] for line in answer.iter_lines() if line.startswith("id: "))
    end = threading.Timer(0.5, lambda: stack.finish(job["id"], [("a.png", "image/png", picture())]))
    end.start()
    _, events = told(person, job["id"], known)
    end.join()
    assert [name for _, name in events][-1] == "job" and known not in [mark for mark, _ in events]


def test_changes_arrive_at_once(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    account = _account(stack, job["id"])
    later(0.5, lambda: stack.start(job["id"]))
    later(
        1.0,
        lambda: stack.creator.publisher.progress(
            account, UUID(job["id"]), {"percent": 40.0, "step": "Resizing"}
        ),
    )
    later(1.5, lambda: person.post(f"/api/v1/jobs/{job['id']}/cancel"))
    seen: list[tuple[str, object]] = []
    with stack.client(Cookie=_cookie(person)) as reader:
        began = time.monotonic()
        for name, data in sse(reader, job["id"]):
            seen.append((name, data.get("status") or data.get("percent")))
            if data.get("cancel_requested_at"):
                break
    assert time.monotonic() - began < 3, "told, not found by looking now and then"
    assert seen == [("job", "queued"), ("job", "running"), ("progress", 40.0), ("job", "running")]


def test_a_websocket_tells_the_same(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    socket = websocket.create_connection(_ws(stack, job["id"]), cookie=_cookie(person), timeout=10)
    try:
        first = json.loads(socket.recv())
        assert (first["type"], first["data"]["status"]) == ("job", "queued")
        person.post(f"/api/v1/jobs/{job['id']}/cancel")
        last = json.loads(socket.recv())
        assert (last["type"], last["data"]["status"]) == ("job", JobStatus.CANCELED)
        assert socket.recv() == "", "it closes after the end"
    finally:
        socket.close()


def test_a_websocket_of_a_stranger_is_refused(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    with stack.person() as other:
        cookies = ["", _cookie(other)]
    for cookie in cookies:
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            websocket.create_connection(_ws(stack, job["id"]), cookie=cookie, timeout=10)
        assert refused.value.status_code in (401, 403, 404)


def test_a_websocket_from_another_site_is_refused(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(
            _ws(stack, job["id"]), cookie=_cookie(person), origin="https://evil.example", timeout=10
        )


def test_a_stream_ends_with_the_session(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    cookie = _cookie(person)
    later(0.5, lambda: person.post("/api/v1/auth/logout"))
    with stack.client(Cookie=cookie) as reader:
        began = time.monotonic()
        assert len(list(sse(reader, job["id"]))) == 1
        assert time.monotonic() - began < 8


def test_a_deleted_job_ends_its_stream(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    stack.start(job["id"])
    with stack.client(Cookie=_cookie(person)) as reader:
        events = sse(reader, job["id"])
        assert next(events)[1]["status"] == "running"
        with stack.creator.uow.write() as work:
            work.session.delete(work.session.get(Job, UUID(job["id"])))
        assert list(events) == [("deleted", {"id": job["id"]})]


def _cookie(client: httpx.Client) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)


def _ws(stack: Stack, job_id: str) -> str:
    return f"{stack.url.replace('http', 'ws', 1)}/api/v1/jobs/{job_id}/stream"


def _account(stack: Stack, job_id: str) -> UUID:
    with stack.creator.uow.read() as work:
        job = work.session.get(Job, UUID(job_id))
        assert job is not None
        return job.account_id
