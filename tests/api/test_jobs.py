"""Jobs over a real socket: what is accepted, what is refused, and that nothing half-made stays."""

import uuid
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from creator_app.domain.job_state import JobStatus
from creator_app.models import LedgerEntry
from creator_app.services import job_state, switches
from tests.api.stack import RECIPE, Stack, picture

IMAGE = {"image": ("photo.png", picture(), "image/png")}
FIELDS = (
    "id recipe status waiting_reason cancel_requested_at retry_of batch_id progress inputs outputs error "
    "credits source created_at started_at finished_at"
)


def stored(stack: Stack) -> set[str]:
    folder = Path(stack.creator.settings.creator_home) / "storage"
    return {str(path) for path in folder.rglob("*") if path.is_file()}


def test_a_job_is_accepted_and_found_again(stack: Stack, person: httpx.Client) -> None:
    answer = person.post("/api/v1/jobs", data={"recipe": RECIPE, "inputs": "{}"}, files=IMAGE)
    assert answer.status_code == 202
    job = answer.json()
    assert set(job) >= set(FIELDS.split())
    assert (job["status"], job["recipe"], job["source"]) == ("queued", RECIPE, "dashboard")
    assert answer.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert person.get(answer.headers["location"]).json()["id"] == job["id"]
    assert [row["id"] for row in person.get("/api/v1/jobs").json()["items"]] == [job["id"]]


def test_the_list_goes_on_where_it_ended(stack: Stack, person: httpx.Client) -> None:
    made = [stack.submit(person)["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = person.get("/api/v1/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_the_same_key_makes_one_job(stack: Stack, person: httpx.Client) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = person.post("/api/v1/jobs", data={"recipe": RECIPE}, files=IMAGE, headers=key)
    files = stored(stack)
    again = person.post("/api/v1/jobs", data={"recipe": RECIPE}, files=IMAGE, headers=key)
    assert again.status_code == 202 and again.json()["id"] == first.json()["id"]
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    other = {"image": ("photo.png", picture(color="red"), "image/png")}
    assert person.post("/api/v1/jobs", data={"recipe": RECIPE}, files=other, headers=key).status_code == 409
    assert len(person.get("/api/v1/jobs").json()["items"]) == 1
    assert stored(stack) == files


def test_the_same_key_retries_once(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    person.post(f"/api/v1/jobs/{job['id']}/cancel")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = person.post(f"/api/v1/jobs/{job['id']}/retry", headers=key)
    again = person.post(f"/api/v1/jobs/{job['id']}/retry", headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert len(person.get("/api/v1/jobs").json()["items"]) == 2
    with stack.creator.uow.read() as work:
        holds = select(LedgerEntry.id).where(LedgerEntry.job_id == UUID(first.json()["id"]))
        assert len(work.session.exec(holds).all()) == 1
    person.delete(f"/api/v1/jobs/{job['id']}")  # the first answer may have been lost until after that
    gone = person.post(f"/api/v1/jobs/{job['id']}/retry", headers=key)
    assert (gone.status_code, gone.json()["id"]) == (202, first.json()["id"])


def test_a_key_stands_for_one_thing_be_it_a_retry_or_a_job(stack: Stack, person: httpx.Client) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    jobs = [stack.submit(person, headers=key), stack.submit(person)]
    for job in jobs:
        person.post(f"/api/v1/jobs/{job['id']}/cancel")
    used = person.post(f"/api/v1/jobs/{jobs[1]['id']}/retry", headers=key)
    assert (used.status_code, used.json()["error"]["code"]) == (409, "conflict")
    other = {"Idempotency-Key": str(uuid.uuid4())}
    retries = [person.post(f"/api/v1/jobs/{job['id']}/retry", headers=other) for job in jobs]
    assert [answer.status_code for answer in retries] == [202, 409]
    assert retries[1].json()["error"]["message"] == used.json()["error"]["message"]


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_retries_nothing(stack: Stack, person: httpx.Client, key: str) -> None:
    job = stack.submit(person)
    person.post(f"/api/v1/jobs/{job['id']}/cancel")
    answer = person.post(f"/api/v1/jobs/{job['id']}/retry", headers={"Idempotency-Key": key})
    assert answer.status_code == 422


def test_a_key_of_another_account_is_another_key(stack: Stack, person: httpx.Client) -> None:
    key = {"Idempotency-Key": "the same for both"}
    mine = stack.submit(person, headers=key)
    with stack.person() as other:
        assert stack.submit(other, headers=key)["id"] != mine["id"]


@pytest.mark.parametrize(
    ("data", "files", "field"),
    [
        ({}, IMAGE, "recipe"),
        ({"recipe": RECIPE, "inputs": "not json"}, IMAGE, "inputs"),
        ({"recipe": RECIPE, "inputs": "[1]"}, IMAGE, "inputs"),
        ({"recipe": RECIPE, "inputs": '{"surely_no_input": 1}'}, IMAGE, "surely_no_input"),
        ({"recipe": RECIPE}, {"other": IMAGE["image"]}, "image"),
        ({"recipe": RECIPE}, {"recipe": IMAGE["image"]}, "recipe"),
    ],
)
def test_bad_input_is_named(
    stack: Stack,
    person: httpx.Client,
    data: dict[str, str],
    files: dict[str, tuple[str, bytes, str]],
    field: str,
) -> None:
    before = stored(stack)
    answer = person.post("/api/v1/jobs", data=data, files=files)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "invalid_input"), answer.text
    assert field in error.get("fields", {}), error
    assert person.get("/api/v1/jobs").json()["items"] == []
    assert stored(stack) == before


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.png", b""),
        ("text.png", b"this is no picture"),
        ("half.png", picture((400, 300))[:-60]),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ],
)
def test_what_is_no_picture_leaves_nothing(
    stack: Stack, person: httpx.Client, name: str, data: bytes
) -> None:
    before = stored(stack)
    answer = person.post("/api/v1/jobs", data={"recipe": RECIPE}, files={"image": (name, data, "image/png")})
    error = answer.json()["error"]
    assert answer.status_code == 422 and error["message"] and error["hint"]
    assert "Traceback" not in answer.text
    assert person.get("/api/v1/jobs").json()["items"] == [] and stored(stack) == before


def test_a_file_that_is_too_large_is_refused_in_words(stack: Stack, person: httpx.Client) -> None:
    size = stack.creator.settings.max_upload_bytes + 1
    answer = person.post(
        "/api/v1/jobs", data={"recipe": RECIPE}, files={"image": ("big.png", bytes(size), "image/png")}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (413, "too_large")
    assert "MB" in error["message"] and error["hint"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.png", "Ünïcödé 图片 🌈.png", 'quote".png', "a" * 300 + ".png"]
)
def test_file_names_do_no_harm(stack: Stack, person: httpx.Client, name: str) -> None:
    answer = person.post(
        "/api/v1/jobs", data={"recipe": RECIPE}, files={"image": (name, picture(), "image/png")}
    )
    assert answer.status_code == 202, answer.text
    kept = answer.json()["inputs"]["image"]["filename"]
    assert "/" not in kept and ".." not in kept and len(kept) <= 255
    if "🌈" in name:
        assert kept == name


def test_json_instead_of_multipart_is_explained(person: httpx.Client) -> None:
    answer = person.post("/api/v1/jobs", json={"recipe": RECIPE})
    assert answer.status_code == 422 and "multipart" in answer.json()["error"]["message"]


def test_broken_multipart_is_explained(person: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=xyz"}
    for body in (b"nothing of the kind", b"--xyz\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xyz--\r\n"):
        answer = person.post("/api/v1/jobs", content=body, headers=headers)
        assert answer.status_code == 422, answer.text


def test_an_unknown_recipe_is_not_found(person: httpx.Client) -> None:
    answer = person.post("/api/v1/jobs", data={"recipe": "no-such"}, files=IMAGE)
    assert answer.status_code == 404


def test_cancel_retry_delete(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    path = f"/api/v1/jobs/{job['id']}"
    assert person.post(f"{path}/retry").status_code == 409
    assert person.delete(path).status_code == 409
    canceled = person.post(f"{path}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    again = person.post(f"{path}/retry")
    assert again.status_code == 202 and again.json()["retry_of"] == job["id"]
    assert person.delete(path).status_code == 204
    assert person.get(path).status_code == 404
    assert person.get(f"/api/v1/jobs/{again.json()['id']}").status_code == 200


@pytest.mark.parametrize("query", ["limit=0", "limit=1000", "cursor=nonsense", "status=sleeping", "limit=x"])
def test_a_bad_question_is_a_422(person: httpx.Client, query: str) -> None:
    answer = person.get(f"/api/v1/jobs?{query}")
    assert answer.status_code == 422 and answer.json()["error"]["message"]


def test_an_id_that_is_none_is_a_422_in_words(person: httpx.Client) -> None:
    for bad in ("seven", "123"):
        answer = person.get(f"/api/v1/jobs/{bad}")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (422, "invalid_input")
        assert "This is not an id" in error["message"] and "This is not an id" in error["fields"]["job_id"]
        assert "invalid length" not in answer.text


def test_what_is_being_saved_is_too_late_to_cancel(stack: Stack, person: httpx.Client) -> None:
    job = stack.submit(person)
    claim = stack.start(job["id"])
    with stack.creator.uow.write() as work:
        job_state.change(work, claim.job.id, JobStatus.SAVING, fence=claim.fence)
    refused = person.post(f"/api/v1/jobs/{job['id']}/cancel")
    assert refused.status_code == 409 and "too late" in refused.json()["error"]["message"]


def test_a_paused_intake_says_when_to_come_back(stack: Stack, person: httpx.Client) -> None:
    with stack.creator.uow.write() as work:
        switches.turn(work, intake_paused=True)
    try:
        refused = person.post("/api/v1/jobs", data={"recipe": RECIPE}, files=IMAGE)
    finally:
        with stack.creator.uow.write() as work:
            switches.turn(work, intake_paused=False)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "intake_paused")
    assert int(refused.headers["retry-after"]) > 0
