"""API keys over a real socket: made once, kept to their scopes, revoked at once."""

import httpx
import pytest

from tests.api.stack import Stack


def make(client: httpx.Client, scopes: list[str] | None = None) -> dict[str, str]:
    answer = client.post("/api/v1/api-keys", json={"name": "test", "scopes": scopes})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_key_works_in_place_of_a_session(stack: Stack, person: httpx.Client) -> None:
    made = make(person)
    with stack.client(**bearer(made["key"])) as program:
        assert program.get("/api/v1/auth/me").json() == person.get("/api/v1/auth/me").json()
        assert stack.submit(program)["source"] == "api"
        # no browser sends this header by itself, so the origin does not matter
        assert (
            program.post("/api/v1/auth/logout", headers={"Origin": "https://elsewhere.example"}).status_code
            == 204
        )


def test_a_key_is_shown_once(person: httpx.Client) -> None:
    made = make(person)
    listed = person.get("/api/v1/api-keys")
    assert made["key"] not in listed.text
    assert [row["id"] for row in listed.json()["items"]] == [made["id"]]
    assert made["key"].startswith("crt_") and made["key"].startswith(listed.json()["items"][0]["prefix"])


def test_a_revoked_key_is_dead_at_once(stack: Stack, person: httpx.Client) -> None:
    made = make(person)
    assert person.delete(f"/api/v1/api-keys/{made['id']}").status_code == 204
    assert person.delete(f"/api/v1/api-keys/{made['id']}").status_code == 404
    with stack.client(**bearer(made["key"])) as program:
        assert program.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("jobs:read", "GET", "/api/v1/jobs"),
        ("jobs:write", "POST", "/api/v1/jobs"),
        ("recipes:read", "GET", "/api/v1/recipes"),
        ("account", "GET", "/api/v1/api-keys"),
    ],
)
def test_a_key_may_do_what_its_scopes_say(
    stack: Stack, person: httpx.Client, scope: str, method: str, path: str
) -> None:
    others = [other for other in ("jobs:read", "jobs:write", "recipes:read", "account") if other != scope]
    with stack.client(**bearer(make(person, others)["key"])) as without:
        answer = without.request(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    with stack.client(**bearer(make(person, [scope])["key"])) as having:
        assert having.request(method, path).status_code != 403


def test_a_key_can_not_give_more_than_it_has(stack: Stack, person: httpx.Client) -> None:
    with stack.client(**bearer(make(person, ["account"])["key"])) as program:
        answer = program.post("/api/v1/api-keys", json={"name": "more", "scopes": ["jobs:write"]})
        assert answer.status_code == 403
        assert make(program)["scopes"] == ["account"]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer crt_wrong", "Bearer wrong", "Basic dXNlcjpwYXNz", "crt_wrong", ""]
)
def test_other_credentials_are_refused(person: httpx.Client, header: str) -> None:
    answer = person.get("/api/v1/auth/me", headers={"Authorization": header})
    assert answer.status_code == 401, "a wrong key is not covered up by a session"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_unknown_scopes_are_named(person: httpx.Client) -> None:
    answer = person.post("/api/v1/api-keys", json={"name": "x", "scopes": ["everything"]})
    assert answer.status_code == 422 and "scopes" in answer.json()["error"]["fields"]
