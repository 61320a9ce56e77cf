"""Sign-up, login and logout over a real socket."""

import httpx
import pytest

from tests.api.stack import PASSWORD, Stack

FORM = {"accept": "text/html", "content-type": "application/x-www-form-urlencoded"}


def cookie_name(stack: Stack) -> str:
    return f"creator_sid_{stack.creator.settings.instance}"


def test_a_new_account_is_signed_in(person: httpx.Client) -> None:
    answer = person.get("/api/v1/auth/me")
    assert answer.status_code == 200
    assert answer.json()["user"]["email"].startswith("user")
    assert "password" not in answer.text


def test_the_cookie_is_out_of_reach_of_scripts(stack: Stack, stranger: httpx.Client) -> None:
    answer = stranger.post(
        "/api/v1/auth/register", json={"email": "cookie@example.com", "password": PASSWORD}
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(cookie_name(stack) + "=")
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_the_host(stack: Stack, stranger: httpx.Client) -> None:
    stack.person().close()  # the very first account can't be made through a proxy without the code
    body = {"email": "secure@example.com", "password": PASSWORD}
    answer = stranger.post("/api/v1/auth/register", json=body, headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 201, answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-creator=")
    assert "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
    token = cookie.split(";")[0].partition("=")[2]
    secure = {"X-Forwarded-Proto": "https"}
    plain_name = {"Cookie": f"{cookie_name(stack)}={token}", **secure}
    assert stranger.get("/api/v1/auth/me", headers=plain_name).status_code == 401
    right_name = {"Cookie": f"__Host-creator={token}", **secure}
    assert stranger.get("/api/v1/auth/me", headers=right_name).status_code == 200


def test_login_gives_a_new_token_and_ends_the_former(stack: Stack, stranger: httpx.Client) -> None:
    body = {"email": "rotate@example.com", "password": PASSWORD}
    stranger.post("/api/v1/auth/register", json=body)
    first = stranger.cookies[cookie_name(stack)]
    assert stranger.post("/api/v1/auth/login", json=body).status_code == 200
    assert stranger.cookies[cookie_name(stack)] != first
    with stack.client(Cookie=f"{cookie_name(stack)}={first}") as former:
        assert former.get("/api/v1/auth/me").status_code == 401


def test_logout_ends_the_session_everywhere(stack: Stack, person: httpx.Client) -> None:
    token = person.cookies[cookie_name(stack)]
    assert person.post("/api/v1/auth/logout").status_code == 204
    with stack.client(Cookie=f"{cookie_name(stack)}={token}") as kept:
        assert kept.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "nobody@example.com", "password": PASSWORD}, 401, "bad_credentials"),
        ({"email": "nobody@example.com"}, 422, "invalid_input"),
        ({"email": ["x"], "password": 7}, 422, "invalid_input"),
    ],
)
def test_a_login_that_fails_says_so(
    stranger: httpx.Client, body: dict[str, object], status: int, code: str
) -> None:
    answer = stranger.post("/api/v1/auth/login", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("no address", PASSWORD, "email"),
        ("x@example.com", "short", "password"),
        ("x@example.com", "p" * 2000, "password"),
    ],
)
def test_a_sign_up_names_the_wrong_field(
    stranger: httpx.Client, email: str, password: str, field: str
) -> None:
    answer = stranger.post("/api/v1/auth/register", json={"email": email, "password": password})
    assert answer.status_code == 422
    assert field in answer.json()["error"]["fields"]


def test_an_address_is_taken_once_whatever_its_case(stranger: httpx.Client) -> None:
    body = {"email": "Twice@Example.com", "password": PASSWORD}
    assert stranger.post("/api/v1/auth/register", json=body).status_code == 201
    answer = stranger.post("/api/v1/auth/register", json=body | {"email": "twice@example.COM"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "email_taken")


def test_the_eleventh_wrong_guess_waits(stranger: httpx.Client) -> None:
    body = {"email": "guessed@example.com", "password": PASSWORD}
    stranger.post("/api/v1/auth/register", json=body)
    for _ in range(10):
        assert stranger.post("/api/v1/auth/login", json=body | {"password": "wrong"}).status_code == 401
    answer = stranger.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 429, "even the right password waits"
    assert int(answer.headers["retry-after"]) > 0
    other = {"email": "somebody.else@example.com", "password": PASSWORD}
    assert stranger.post("/api/v1/auth/login", json=other).status_code == 401, "others are not locked out"


def test_a_page_form_is_sent_on_to_a_page(stranger: httpx.Client) -> None:
    form = {"email": "form@example.com", "password": PASSWORD, "next": "/jobs?x=1"}
    answer = stranger.post("/api/v1/auth/register", data=form, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs?x=1")
    assert stranger.get("/api/v1/auth/me").status_code == 200
    answer = stranger.post("/api/v1/auth/logout", data={}, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert stranger.get("/api/v1/auth/me").status_code == 401


def test_a_page_form_that_fails_goes_back_to_its_page(stranger: httpx.Client) -> None:
    form = {"email": "form@example.com", "password": "wrong", "next": "/jobs"}
    answer = stranger.post("/api/v1/auth/login", data=form, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/login?error=bad_credentials&next=%2Fjobs",
    )
    answer = stranger.post("/api/v1/auth/register", data={"email": "x", "password": "y"}, headers=FORM)
    assert answer.headers["location"] == "/signup?error=invalid_input"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y"],
)
def test_nobody_is_sent_to_another_site(stranger: httpx.Client, person: httpx.Client, elsewhere: str) -> None:
    email = person.get("/api/v1/auth/me").json()["user"]["email"]
    form = {"email": email, "password": PASSWORD, "next": elsewhere}
    answer = stranger.post("/api/v1/auth/login", data=form, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/new")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_can_not_use_a_session(person: httpx.Client, headers: dict[str, str]) -> None:
    answer = person.post("/api/v1/auth/logout", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert person.get("/api/v1/auth/me").status_code == 200


def test_our_own_pages_can(stack: Stack, person: httpx.Client) -> None:
    assert person.post("/api/v1/auth/logout", headers={"Origin": stack.url}).status_code == 204
