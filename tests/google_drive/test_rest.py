"""Google Drive over REST, as the pages and programs use it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.stack import Stack, running
from tests.peers.drive import DriveServer

RECIPE = "square-post"


@pytest.fixture(scope="module")
def google() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture(scope="module")
def stack(google: DriveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("creator"), **google.environ()) as stack:
        yield stack


@pytest.fixture
def ana(stack: Stack) -> Iterator[httpx.Client]:
    with stack.person() as client:
        yield client


def connect(google: DriveServer, client: httpx.Client, email: str = "ana@example.com") -> httpx.Response:
    """The whole way, as a browser goes it."""
    google.user(email)
    google.auto_approve, google.auto_scopes = email, None
    answer = client.post("/api/v1/drive/connect", json={"next": "/folders?tab=drive"})
    assert answer.status_code == 200, answer.text
    location = httpx.get(answer.json()["authorize_url"]).headers["location"]
    return client.get(location, headers={"Accept": "text/html"})


def test_the_way_of_a_person(stack: Stack, google: DriveServer, ana: httpx.Client) -> None:
    before = ana.get("/api/v1/drive").json()
    assert (before["configured"], before["connected"], before["state"]) == (True, False, "none")
    answer = connect(google, ana)
    assert (answer.status_code, answer.headers["location"]) == (303, "/folders?tab=drive&drive=connected")
    seen = ana.get("/api/v1/drive").json()
    assert (seen["connected"], seen["email"], seen["state"]) == (True, "ana@example.com", "connected")
    assert seen["sees_everything"] and "https://www.googleapis.com/auth/drive" in seen["scopes"]

    made = ana.post("/api/v1/drive/watch", json={"recipe": RECIPE})
    assert made.status_code == 201, made.text
    watch = made.json()
    assert watch["folder"]["name"] == "Square post" and watch["results"]["name"] == "Done"
    assert watch["folder"]["url"].startswith("https://") and watch["enabled"]
    assert ana.get("/api/v1/drive").json()["watches"] == [watch]

    path = f"/api/v1/drive/watch/{watch['id']}"
    results = google.user("ana@example.com").folder("Best of")
    change = {"enabled": False, "after": "move", "naming": "{name}", "results_folder_id": results}
    changed = ana.patch(path, json=change).json()
    assert (changed["enabled"], changed["after"], changed["naming"]) == (False, "move", "{name}")
    assert changed["results"] == {**changed["results"], "id": results, "name": "Best of"}
    assert ana.patch(path, json={"results_folder_id": None}).json()["results"]["name"] == "Done"
    assert ana.patch(path, json={"after": "burn"}).status_code == 422
    names = [one["name"] for one in ana.get("/api/v1/drive/folders", params={"q": "Best"}).json()["items"]]
    assert names == ["Best of"]

    assert ana.delete(path).status_code == 204
    assert ana.get("/api/v1/drive").json()["watches"] == []
    left = ana.post("/api/v1/drive/disconnect").json()
    assert left["revoked"] is True
    after = ana.get("/api/v1/drive").json()
    assert (after["connected"], after["state"], after["email"]) == (False, "disconnected", None)


def test_somebody_else_sees_and_changes_nothing(stack: Stack, google: DriveServer, ana: httpx.Client) -> None:
    connect(google, ana, "ana2@example.com")
    watch = ana.post("/api/v1/drive/watch", json={"recipe": RECIPE}).json()
    with stack.person() as eve:
        assert eve.get("/api/v1/drive").json()["watches"] == []
        path = f"/api/v1/drive/watch/{watch['id']}"
        for answer in (eve.patch(path, json={"results_folder_id": None}), eve.delete(path)):
            assert answer.status_code == 404
        assert eve.get("/api/v1/drive/folders").status_code == 409
        eve.post("/api/v1/drive/disconnect")
    assert ana.get("/api/v1/drive").json()["connected"] is True


def test_a_stolen_way_back_connects_nobody(stack: Stack, google: DriveServer, ana: httpx.Client) -> None:
    google.user("eve@example.com")
    google.auto_approve = "eve@example.com"
    url = ana.post("/api/v1/drive/connect").json()["authorize_url"]
    location = httpx.get(url).headers["location"]
    with stack.person() as eve, stack.client() as nobody:
        assert eve.get(location).json()["error"]["code"] == "drive_connect_failed"
        assert eve.get(location, headers={"Accept": "text/html"}).headers["location"] == (
            "/folders?drive_error=drive_connect_failed"
        )
        assert nobody.get(location).status_code == 401
        assert eve.get("/api/v1/drive").json()["connected"] is False
    assert ana.get(location).status_code == 303


def test_a_key_may_begin_and_the_persons_browser_end(
    stack: Stack, google: DriveServer, ana: httpx.Client
) -> None:
    key = ana.post("/api/v1/api-keys", json={"name": "program"}).json()["key"]
    google.user("ana3@example.com")
    google.auto_approve = "ana3@example.com"
    with stack.client(Authorization=f"Bearer {key}") as program:
        url = program.post("/api/v1/drive/connect").json()["authorize_url"]
    assert ana.get(httpx.get(url).headers["location"]).status_code == 303


def test_a_page_elsewhere_is_no_page_to_come_back_to(
    stack: Stack, google: DriveServer, ana: httpx.Client
) -> None:
    google.user("ana@example.com")
    google.auto_approve = "ana@example.com"
    asked = ana.post("/api/v1/drive/connect", json={"next": "https://evil.example/"})
    location = httpx.get(asked.json()["authorize_url"]).headers["location"]
    assert ana.get(location).headers["location"] == "/folders?drive=connected"


def test_an_access_that_was_taken_back_is_said_in_words(
    stack: Stack, google: DriveServer, ana: httpx.Client
) -> None:
    connect(google, ana, "ana4@example.com")
    google.user("ana4@example.com").revoke_apps()
    answer = ana.get("/api/v1/drive/folders")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "folder_disconnected")
    seen = ana.get("/api/v1/drive").json()
    assert (seen["connected"], seen["state"]) == (False, "revoked")
    assert "Connect it again" in seen["message"]


def test_trouble_at_google_is_said_as_everywhere(
    stack: Stack, google: DriveServer, ana: httpx.Client
) -> None:
    connect(google, ana, "ana5@example.com")
    google.fault("429", "files.list", retry_after=3, times=1)
    answer = ana.get("/api/v1/drive/folders")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert answer.json()["error"]["code"] == "folder_busy"
