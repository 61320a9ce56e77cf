"""What every answer has in common, and the addresses beside the interface."""

import re

import httpx
import pytest

from tests.api.stack import PASSWORD, Stack, picture


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v2/jobs", "/api/docs/../../x"]
)
def test_unknown_addresses_answer_in_the_one_shape(stranger: httpx.Client, method: str, path: str) -> None:
    answer = stranger.request(method, path)
    assert answer.status_code == 404, path
    assert set(answer.json()["error"]) == {"code", "message", "hint", "request_id"}


def test_a_wrong_method_is_said_so(stranger: httpx.Client) -> None:
    answer = stranger.put("/api/v1/recipes")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")


def test_every_answer_names_its_request(stranger: httpx.Client) -> None:
    answer = stranger.get("/api/v1/jobs", headers={"X-Request-ID": "mine-1"})
    assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"] == "mine-1"
    made_up = stranger.get("/api/v1/jobs", headers={"X-Request-ID": "spaces are not fine"})
    assert re.fullmatch(r"[0-9a-f]{32}", made_up.headers["x-request-id"])


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[]", b'"text"', b"null", b"[" * 5000])
@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/auth/register"])
def test_unreadable_bodies_are_explained(stranger: httpx.Client, path: str, body: bytes) -> None:
    answer = stranger.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input"), answer.text


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/api-keys"])
def test_large_bodies_are_refused_where_small_ones_belong(person: httpx.Client, path: str) -> None:
    answer = person.post(path, json={"email": "x" * 200_000, "password": PASSWORD, "name": "y"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_health(stranger: httpx.Client) -> None:
    assert stranger.get("/healthz").json() == {"status": "ok"}
    answer = stranger.get("/readyz")
    assert answer.status_code == 200 and set(answer.json()["parts"].values()) == {"ok"}


def test_metrics_are_for_this_machine_and_admins(
    stack: Stack, person: httpx.Client, stranger: httpx.Client
) -> None:
    stack.submit(person)
    text = stranger.get("/metrics").text
    assert re.search(r'creator_jobs\{status="queued"\} [1-9]', text)
    assert 'route="/api/v1/jobs"' in text, "counted by route"
    assert stranger.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert stranger.get("/metrics", headers={"Host": "creator.example"}).status_code == 401
    assert person.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403


def test_the_documentation_needs_no_other_host(stranger: httpx.Client) -> None:
    page = stranger.get("/api/docs")
    assert page.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/api/docs/")
        assert stranger.get(address).status_code == 200
    assert "http://" not in page.text and "https://" not in page.text


def test_the_description_is_whole(stranger: httpx.Client) -> None:
    described = stranger.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    assert "/api/v1/jobs" in described["paths"]
    names = [op["operationId"] for path in described["paths"].values() for op in path.values()]
    assert len(names) == len(set(names))


def test_recipes(person: httpx.Client) -> None:
    listed = person.get("/api/v1/recipes").json()["items"]
    assert len(listed) >= 6
    for recipe in listed:
        detail = person.get(f"/api/v1/recipes/{recipe['slug']}").json()
        assert any(one["type"] == "image" for one in detail["inputs"])
        for side in ("before", "after"):
            picture = person.get(f"/api/v1/recipes/{recipe['slug']}/example/{side}")
            assert picture.headers["content-type"].startswith("image/")
    assert person.get("/api/v1/recipes/no-such").status_code == 404
    assert person.get("/api/v1/recipes/..%2f..%2fetc/example/before").status_code == 404
    assert person.get(f"/api/v1/recipes/{listed[0]['slug']}/example/beside").status_code in (404, 422)


def test_a_setting_in_the_wrong_place_is_not_overlooked(stack: Stack, person: httpx.Client) -> None:
    files = {"image": ("photo.png", picture(), "image/png")}
    answer = person.post("/api/v1/jobs", data={"recipe": "youtube-thumbnail", "pop": "Strong"}, files=files)
    assert answer.status_code == 422
    assert "inputs" in answer.json()["error"]["message"]
    assert list(answer.json()["error"]["fields"]) == ["pop"]


def test_a_wrong_key_is_called_a_wrong_key(stranger: httpx.Client) -> None:
    answer = stranger.get("/api/v1/jobs", headers={"Authorization": "Bearer crt_wrong"})
    assert answer.status_code == 401
    assert "API key" in answer.json()["error"]["message"]


@pytest.mark.parametrize("password", ["password", "Password123", "12345678", "aaaaaaaaaaaa"])
def test_passwords_that_anybody_would_try_are_refused(stranger: httpx.Client, password: str) -> None:
    answer = stranger.post("/api/v1/auth/register", json={"email": "eve@example.org", "password": password})
    assert answer.status_code == 422
    assert "password" in answer.json()["error"]["fields"]
