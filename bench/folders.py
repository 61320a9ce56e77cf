"""From a drop into a Google Drive to the start of its job; and calls of Google's API when nothing happens.

Google is a server of our own (`tests/peers/drive/`): what a call takes over the internet comes on top.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx

from bench.lab import Lab
from bench.overhead import picture
from bench.table import part, say, show
from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.models import Account, DropFolder, DropSource, OAuthGrant, User
from creator_app.models.base import new_id
from tests.burst.run import connect
from tests.burst.scene import FOLDER
from tests.peers.creator import RunningCreator
from tests.peers.drive import DriveServer

_WITHIN_S = 60.0
_PAUSE_S = (1.0, 4.0)
#: An idle hour is measured in so many seconds, with everything that comes at times coming so much more often.
_HOUR_S = 60
_MANY = 1000
_WINDOW_S = 120.0


def measure_lag(lab: Lab, runs: int = 20) -> None:
    """With push, and with polling every two seconds: one picture after the other, at moments by chance."""
    rows = []
    for email, name, settings, aim in (
        ("ann@example.com", "with push", {"PUBLIC_URL": f"http://localhost:{lab.port}"}, "≤ 3"),
        (
            "bob@example.com",
            "polling every 2 s",
            {"DRIVE_POLL_SECONDS": "2", "DRIVE_POLL_MAX_SECONDS": "2"},
            "≤ 2 + rest",
        ),
    ):
        say(f"lag: {runs} pictures {name}")
        with DriveServer() as drive:
            creator = lab.fresh(SIGNUP="open", **drive.environ(), **settings)
            lags = _lags(drive, creator, email, runs)
            lab.down()
        rows.append([name, median(lags), part(lags, 0.95), max(lags), aim])
    columns = ["", "median s", "p95 s", "worst s", "aim s"]
    show(f"(i) from the drop into a Drive to the start of its job, {runs} runs", columns, rows)


def _lags(drive: DriveServer, creator: RunningCreator, email: str, runs: int) -> list[float]:
    with httpx.Client(base_url=creator.url, timeout=60, headers={"Origin": creator.url}) as client:
        connect(drive, client, email)
        person = drive.user(email)
        lags, dice = [], random.Random(1)
        for number in range(runs + 1):
            time.sleep(dice.uniform(*_PAUSE_S))  # else each drop would come just after a look
            name = f"{number}.png"
            data = picture(number)
            dropped = datetime.now(UTC)
            person.drop(FOLDER, name, data)
            started = _started(client, name)
            if number:  # the first one warms everything up
                lags.append((started - dropped).total_seconds())
    return lags


def _started(client: httpx.Client, name: str) -> datetime:
    end = time.monotonic() + _WITHIN_S
    while time.monotonic() < end:
        for job in client.get("/api/v1/jobs", params={"limit": 5}).raise_for_status().json()["items"]:
            if job["filename"] == name and job["status"] == "succeeded":
                return datetime.fromisoformat(job["started_at"])
        time.sleep(0.1)
    raise AssertionError(f"{name} was not made within {_WITHIN_S:.0f} s")


def measure_idle(lab: Lab) -> None:
    """Calls of Google's API in an hour in which nothing happens."""
    rows: list[list[Any]] = []
    for pushes in (True, False):
        name = "with push" if pushes else "polling"
        say(f"idle: one person {name}, an hour in {_HOUR_S} s")
        one = _calls(lab, 1, _HOUR_S, pushes=pushes, faster=3600 / _HOUR_S)
        rows.append([f"1 person, {name}", round(one), float(one)])
    say(f"idle: {_MANY} people polling, {_WINDOW_S:.0f} s of an hour")
    many = _calls(lab, _MANY, _WINDOW_S, pushes=False) * 3600 / _WINDOW_S
    rows.append([f"{_MANY} people, polling", round(many), many / _MANY])
    columns = ["", "calls an hour", "for each"]
    show(
        "(j) calls of Google when nothing happens, one folder each; they grow with the people", columns, rows
    )


def _calls(lab: Lab, people: int, seconds: float, *, pushes: bool, faster: float = 1.0) -> float:
    settings = {
        "DRIVE_POLL_SECONDS": str(max(1.0, 10 / faster)),
        "DRIVE_POLL_MAX_SECONDS": str(max(1.0, 60 / faster)),
        "DRIVE_LISTING_SECONDS": str(max(5.0, 300 / faster)),
        **({"PUBLIC_URL": f"http://localhost:{lab.port}"} if pushes else {}),
    }
    with DriveServer() as drive:
        creator = lab.fresh(**drive.environ(), **settings)
        _people(drive, creator, people)
        time.sleep(5 if people == 1 else 60)  # the first listings, and channels, are no idle hour
        drive.clear_log()
        time.sleep(seconds)
        calls = sum(drive.calls().values())
        lab.down()
    return calls


def _people(drive: DriveServer, creator: RunningCreator, number: int) -> None:
    """People with a Drive and a folder that has been calm for long; their looks are spread over a minute."""
    reader = Creator(Settings(creator_home=creator.home))
    now = datetime.now(UTC)
    with reader.uow.write() as work:
        for n in range(number):
            person = drive.user(f"p{n}@example.com")
            tokens = person.grant(["drive"])
            account = Account(id=new_id())
            work.session.add(account)
            work.session.flush()
            user = User(id=new_id(), account_id=account.id, email=person.email)
            work.session.add(user)
            work.session.flush()
            owner = {"account_id": account.id, "user_id": user.id}
            grant = OAuthGrant(
                **owner, provider="google", purpose="drive", subject=str(n), email=person.email,
                scopes="https://www.googleapis.com/auth/drive",
                access_token_encrypted=reader.encryptor.encrypt(tokens.access),
                refresh_token_encrypted=reader.encryptor.encrypt(tokens.refresh or ""),
                expires_at=now + timedelta(hours=2),
            )  # fmt: skip
            work.session.add(grant)
            work.session.flush()
            due = now + timedelta(seconds=60 * n / number)
            source = DropSource(
                **owner,
                kind="drive",
                address=str(grant.id),
                grant_id=grant.id,
                calm_looks=100,
                next_look_at=due,
            )
            work.session.add(source)
            work.session.flush()
            folder_id = person.folder(FOLDER)
            work.session.add(
                DropFolder(
                    **owner,
                    source_id=source.id,
                    remote_id=folder_id,
                    name="Square post",
                    recipe_slug="square-post",
                )
            )
    reader.database.close()
