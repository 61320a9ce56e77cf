"""What pages say and keep, whatever comes in."""

import io
import re
from contextlib import suppress

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from playwright.sync_api import TimeoutError as TookTooLong

from tests.e2e.conftest import PASSWORD, Person
from tests.e2e.pictures import drop, photo
from tests.peers.creator import RunningCreator


def open_form(page: Page, recipe: str = "youtube-thumbnail") -> None:
    page.goto(f"/new/{recipe}")
    expect(page.get_by_role("button", name="Create")).to_be_visible()


def jobs_of(person: Person) -> list[dict]:
    return person.client.get("/api/v1/jobs").json()["items"]


BAD = {
    "no picture": ("notes.jpg", "image/jpeg", b"These are words, no picture."),
    "cut off": ("half.png", "image/png", photo(kind="PNG")[:9000]),
    "nothing": ("empty.jpg", "image/jpeg", b""),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_gets_a_sentence_and_makes_no_job(page: Page, person: Person, kind: str) -> None:
    open_form(page)
    drop(page, BAD[kind])
    page.get_by_role("button", name="Create").click()
    said = page.get_by_role("alert").filter(has_text=re.compile(r"\w+.*\."))
    expect(said.first).to_be_visible()
    assert "Traceback" not in page.content()
    assert page.url.rstrip("/").endswith("/new/youtube-thumbnail")
    assert jobs_of(person) == []


def test_a_phone_s_heic_is_taken(page: Page, person: Person) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    kept = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(kept, "HEIF")
    open_form(page, "square-post")
    drop(page, ("IMG_0001.HEIC", "", kept.getvalue()))
    expect(page.get_by_text("No preview for this type")).to_be_visible()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible()


def test_without_a_picture_the_form_says_so(page: Page, person: Person) -> None:
    open_form(page)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("alert").filter(has_text="Choose a picture first.")).to_be_visible()


def test_several_pictures_are_several_jobs(page: Page, person: Person) -> None:
    open_form(page, "square-post")
    drop(page, *[(f"{n}.jpg", "image/jpeg", photo(200 + n, 160)) for n in range(3)])
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile(r"/jobs/?$"))
    expect(page.locator(".job")).to_have_count(3)
    expect(page.locator('.job[data-status="succeeded"]')).to_have_count(3)
    assert len(jobs_of(person)) == 3


def test_pictures_dropped_before_a_recipe_was_chosen_are_kept(page: Page, person: Person) -> None:
    page.goto("/new")
    expect(page.locator("a.card").first).to_be_visible()
    drop(page, ("waiting.jpg", "image/jpeg", photo(300, 200)))
    expect(page.get_by_role("status").filter(has_text="waiting.jpg is ready.")).to_be_visible()
    page.get_by_role("link", name=re.compile("Square post")).click()
    expect(page.get_by_role("button", name="Remove waiting.jpg")).to_be_visible()


def test_what_was_typed_survives_a_reload(page: Page, person: Person) -> None:
    open_form(page, "film-look")
    page.get_by_label("Strength").fill("37")
    page.reload()
    expect(page.get_by_label("Strength")).to_have_value("37")


def test_a_value_out_of_range_is_said_at_its_field(page: Page, person: Person) -> None:
    open_form(page, "film-look")
    drop(page, ("a.jpg", "image/jpeg", photo(300, 200)))
    page.get_by_label("Strength").fill("900")
    page.get_by_role("button", name="Create").click()
    expect(page.locator('[data-error-for="strength"]')).not_to_be_empty()
    expect(page.get_by_label("Strength")).to_have_attribute("aria-invalid", "true")
    assert jobs_of(person) == []


def test_use_again_brings_back_the_picture_and_the_settings(page: Page, person: Person) -> None:
    open_form(page, "film-look")
    drop(page, ("again.jpg", "image/jpeg", photo(300, 200)))
    page.get_by_label("Strength").fill("11")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="Use again").click()
    expect(page.get_by_label("Strength")).to_have_value("11")
    expect(page.locator(".picked .name")).to_contain_text("again")


def test_a_stranger_is_sent_to_log_in_and_comes_back(page: Page, creator: RunningCreator) -> None:
    page.goto("/jobs")
    page.wait_for_url(re.compile(r"/login/?\?next=%2Fjobs"))
    page.get_by_label("E-mail").fill("nobody@example.org")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("E-mail")).to_have_value("nobody@example.org")


def test_the_next_user_of_a_tab_sees_nothing_of_the_former(page: Page, person: Person) -> None:
    open_form(page, "square-post")
    drop(page, ("secret.jpg", "image/jpeg", photo(300, 200)))
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    former = page.url
    page.get_by_role("button", name=re.compile("Account")).click()
    page.get_by_role("menuitem", name="Log out").click()
    page.wait_for_url(re.compile(r"/$"))
    page.goto("/signup?next=/jobs")
    page.get_by_label("E-mail").fill("next.user@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Your jobs will be here.")).to_be_visible()
    assert "secret.jpg" not in page.content()
    page.goto(former)
    expect(page.get_by_role("heading", name="There is no such job.")).to_be_visible()


def test_an_open_page_notices_that_its_session_ended(page: Page, person: Person) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Your jobs will be here.")).to_be_visible()
    person.client.post("/api/v1/auth/logout").raise_for_status()
    with suppress(TookTooLong):  # it may have noticed by itself already: then the link is gone
        page.get_by_role("link", name="Create", exact=True).first.click(timeout=3000)
    page.wait_for_url(re.compile(r"/login/?\?"))


def test_an_address_that_leads_nowhere_leads_on(page: Page, creator: RunningCreator) -> None:
    page.goto("/no/such/page")
    expect(page.get_by_role("heading", name="There is nothing at this address.")).to_be_visible()


def test_nothing_comes_from_another_host(context: BrowserContext, person: Person) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    for path in ("/", "/new", "/new/youtube-thumbnail", "/jobs"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
    own = page.url.split("/")[2]
    strangers = [url for url in asked if url.startswith(("http", "ws")) and url.split("/")[2] != own]
    assert strangers == []


def test_pages_run_without_errors(context: BrowserContext, person: Person) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for path in ("/new", "/new/youtube-thumbnail", "/jobs"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert errors == []
