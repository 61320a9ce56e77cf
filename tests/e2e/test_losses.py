"""Pages while a part of Creator is missing."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pictures import drop, photo
from tests.e2e.test_whole_way import JOB, sign_up
from tests.peers.creator import RunningCreator, start_creator

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningCreator]:
    with start_creator(tmp_path / "home") as creator:
        yield creator


def tab(browser: Browser, creator: RunningCreator, email: str) -> Page:
    page = browser.new_context(base_url=creator.url).new_page()
    sign_up(page, email)
    return page


def test_an_open_page_survives_the_loss_of_valkey(browser: Browser, own: RunningCreator) -> None:
    page = tab(browser, own, "valkey.lost@example.org")
    page.get_by_role("link", name=re.compile("Film look")).click()
    page.get_by_label("Strength").fill("37")
    drop(page, ("kept.jpg", "image/jpeg", photo(400, 300)))
    page.evaluate("window.neverReloaded = true")
    os.kill(own.pid("valkey"), signal.SIGKILL)
    page.wait_for_timeout(4000)
    expect(page.get_by_label("Strength")).to_have_value("37")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(JOB)
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=30_000)
    assert page.evaluate("window.neverReloaded"), "the page went on by itself"
    page.get_by_role("link", name="Jobs").first.click()
    expect(page.locator('.job[data-status="succeeded"]')).to_have_count(1)
    page.context.close()


def test_an_open_page_survives_the_loss_of_the_web_process(browser: Browser, own: RunningCreator) -> None:
    page = tab(browser, own, "web.lost@example.org")
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Your jobs will be here.")).to_be_visible()
    os.kill(own.pid("web"), signal.SIGKILL)
    line = page.get_by_text("Reconnecting… your jobs go on.")
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(line).to_be_visible()
    expect(line).to_be_hidden(timeout=30_000)
    page.get_by_role("link", name="Create").first.click()
    expect(page.get_by_role("link", name=re.compile("Square post"))).to_be_visible(timeout=30_000)
    page.context.close()


def test_with_the_hub_off(browser: Browser, tmp_path: Path) -> None:
    with start_creator(tmp_path / "home", CREATOR_HUB="off") as creator:
        page = tab(browser, creator, "hub.off@example.org")
        page.get_by_role("link", name=re.compile("YouTube thumbnail")).click()
        page.get_by_role("button", name="Use a sample picture").click()
        page.get_by_role("button", name="Create").click()
        page.wait_for_url(JOB)
        page.reload()
        expect(page.get_by_role("link", name="Download")).to_be_visible()
        page.goto("/jobs")
        expect(page.get_by_text(re.compile("Done in"))).to_be_visible()
        page.context.close()
