"""One Creator for the whole run, started by `make run`, and a real browser that looks at it."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.peers import browser as chromium
from tests.peers.creator import RunningCreator, end, launch
from tests.peers.drive import DriveServer

OUTPUT = Path(__file__).parents[1] / "output"
PASSWORD = "correct horse battery staple"
#: The first account: the admin's, whose jobs the watched folder's are.
OWNER = "owner@example.org"
expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class Person:
    """Somebody with an account: the same session in the browser and over REST."""

    email: str
    client: httpx.Client


@pytest.fixture(scope="session")
def drive() -> Iterator[DriveServer]:
    """The Google that Creator knows. All tests of this folder run in one process: see tests/conftest.py."""
    with DriveServer() as server:
        yield server


@pytest.fixture(scope="session")
def creator(tmp_path_factory: pytest.TempPathFactory, drive: DriveServer) -> Iterator[RunningCreator]:
    """The Creator of this test run; parallel test processes share it."""
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent
    running = _join(folder / "shared-creator", {**drive.environ(), "DRIVE_POLL_SECONDS": "1"})
    try:
        yield running
    finally:
        _leave(folder / "shared-creator", running)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    path = chromium.executable()
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def context(
    browser: Browser, creator: RunningCreator, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    """A fresh browser profile; what it did is kept under tests/output/ when the test fails."""
    made = browser.new_context(base_url=creator.url, viewport={"width": 1280, "height": 900})
    yield made
    report = request.node.stash.get(_FAILED, False)
    for number, page in enumerate(made.pages if report else []):
        OUTPUT.mkdir(exist_ok=True)
        page.screenshot(path=OUTPUT / f"{request.node.name}-{number}.png", full_page=True)
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return context.new_page()


@pytest.fixture
def person(
    creator: RunningCreator, context: BrowserContext, request: pytest.FixtureRequest
) -> Iterator[Person]:
    """A new account that is signed in, in ``context`` and in its own REST client."""
    with httpx.Client(base_url=creator.url, timeout=30) as client:
        name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
        made = Person(f"{name}-{os.urandom(3).hex()}@example.org", client)
        sign_in(made, context, creator)
        yield made


def sign_in(person: Person, context: BrowserContext, creator: RunningCreator) -> None:
    """Makes the account over REST and gives its session to the browser."""
    entry = {"email": person.email, "password": PASSWORD}
    person.client.post("/api/v1/auth/register", json=entry).raise_for_status()
    person.client.post("/api/v1/auth/login", json=entry).raise_for_status()
    context.add_cookies(
        [{"name": name, "value": value, "url": creator.url} for name, value in person.client.cookies.items()]
    )


_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remembers whether a test failed, for the fixtures that end after it."""
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


def _join(folder: Path, settings: dict[str, str]) -> RunningCreator:
    folder.mkdir(exist_ok=True)
    with _users(folder) as users:
        if not users:
            running = launch(folder / "home", **settings)
            httpx.post(
                f"{running.url}/api/v1/auth/register", json={"email": OWNER, "password": PASSWORD}
            ).raise_for_status()
            users["creator"] = {**asdict(running), "home": str(running.home), "output": str(running.output)}
        users["count"] = users.get("count", 0) + 1
        fields = users["creator"]
        return RunningCreator(**{**fields, "home": Path(fields["home"]), "output": Path(fields["output"])})


def _leave(folder: Path, running: RunningCreator) -> None:
    with _users(folder) as users:
        users["count"] -= 1
        if users["count"] == 0:
            users.clear()
            end(running)


@contextmanager
def _users(folder: Path) -> Iterator[dict]:
    """Which test processes use the Creator of ``folder``; one at a time may look and change."""
    with (folder / "users.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = folder / "users.json"
        users = json.loads(file.read_text()) if file.exists() else {}
        yield users
        file.write_text(json.dumps(users))
