"""From signing up to the finished picture, as a person goes."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PASSWORD, Person
from tests.e2e.pictures import drop, photo, size_of
from tests.peers.creator import RunningCreator

JOB = re.compile(r"/jobs/[0-9a-f-]{36}/?$")


def sign_up(page: Page, email: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Try it").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile(r"/new/?$"))


def download(page: Page) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    return Path(waiting.value.path()).read_bytes()


def test_from_sign_up_to_the_downloaded_thumbnail(page: Page) -> None:
    sign_up(page, "whole.way@example.org")
    page.get_by_role("link", name=re.compile("YouTube thumbnail")).click()
    expect(page.get_by_role("button", name="Create")).to_be_visible()
    drop(page, ("Müll & 夏 .jpg", "image/jpeg", photo()))
    expect(page.get_by_text("Müll & 夏 .jpg")).to_be_visible()
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(JOB)
    page.evaluate("window.neverReloaded = true")
    expect(page.get_by_role("slider", name="Compare before and after")).to_be_visible()
    assert page.evaluate("window.neverReloaded"), "the result came without a reload"
    expect(page.get_by_role("heading", name=re.compile("Done in"))).to_be_visible()
    expect(page.get_by_text("1280×720")).to_be_visible()
    expect(page).to_have_title(re.compile("Done"))
    assert size_of(download(page)) == ("PNG", (1280, 720))


SAMPLE_EVERY_FRAME = """() => {
    window.seen = [];
    const look = () => {
        const percent = document.querySelector(".big-percent span");
        const said = document.querySelector("main")?.innerText ?? "";
        window.seen.push([location.pathname, said, percent ? Number(percent.textContent) : null]);
        requestAnimationFrame(look);
    };
    look();
}"""


def test_a_new_jobs_page_shows_nothing_of_the_job_before_and_its_progress_never_falls(
    page: Page, person: Person
) -> None:
    files = {"image": ("first.png", photo(), "image/png")}
    first = person.client.post("/api/v1/jobs", data={"recipe": "square-post"}, files=files).json()["id"]
    page.goto(f"/jobs/{first}")
    expect(page.get_by_role("heading", name=re.compile("Done in"))).to_be_visible()
    page.evaluate(SAMPLE_EVERY_FRAME)
    page.get_by_role("link", name="Another picture").click()
    expect(page.get_by_role("button", name="Create")).to_be_visible()
    drop(page, ("second.png", "image/png", photo()))
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(lambda url: bool(JOB.search(url)) and first not in url)
    expect(page.get_by_role("heading", name=re.compile("Done in"))).to_be_visible()
    there = [one for one in page.evaluate("window.seen") if "/jobs/" in one[0] and first not in one[0]]
    assert len(there) > 3
    assert not [said for _, said, _ in there if "first" in said]
    percents = [percent for _, _, percent in there if percent is not None]
    assert percents == sorted(percents)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Browser, creator: RunningCreator, scheme: str) -> None:
    phone = browser.new_context(
        base_url=creator.url,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        color_scheme=scheme,
    )
    page = phone.new_page()
    sign_up(page, f"phone.{scheme}@example.org")
    page.get_by_role("link", name=re.compile("Square post")).tap()
    page.get_by_role("button", name="Use a sample picture").tap()
    page.get_by_role("button", name="Create").tap()
    page.wait_for_url(JOB)
    expect(page.get_by_role("link", name="Download")).to_be_in_viewport()
    assert size_of(download(page)) == ("PNG", (1080, 1080))
    for path in ("/new", "/new/square-post", "/jobs", page.url):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path
        assert small_targets(page) == [], path
    phone.close()


def small_targets(page: Page) -> list[str]:
    """What is too small for a finger: under 44 pixels high, text links inside sentences aside."""
    return page.evaluate(
        """() => [...document.querySelectorAll("main a.button, main button, nav a")]
            .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 43.5)
            .map((one) => one.outerHTML.slice(0, 120))"""
    )


def test_with_the_keyboard_alone(page: Page, person: Person) -> None:
    page.goto("/new")
    page.get_by_role("link", name=re.compile("YouTube thumbnail")).focus()
    page.keyboard.press("Enter")
    sample = page.get_by_role("button", name="Use a sample picture")
    sample.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove mug.jpg")).to_be_visible()
    page.get_by_role("button", name="Create").focus()
    page.keyboard.press("Enter")
    slider = page.get_by_role("slider", name="Compare before and after")
    slider.focus()
    values = []
    for key in ("ArrowRight", "Shift+ArrowRight", "Home", "End", "PageDown"):
        page.keyboard.press(key)
        values.append(slider.get_attribute("aria-valuenow"))
    assert values == ["52", "62", "0", "100", "90"]
    outline = slider.evaluate("(one) => getComputedStyle(one).outlineStyle")
    assert outline == "solid", "what has the focus shows it"
    page.keyboard.press("+")
    expect(page.get_by_title("Show the whole picture")).to_have_text("150 %")
