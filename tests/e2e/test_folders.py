"""A picture dropped into a folder, in Google Drive and on the disk, as its owner sees it."""

import os
import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OWNER, PASSWORD, Person
from tests.e2e.pictures import photo, size_of
from tests.peers.creator import RunningCreator
from tests.peers.drive import DriveServer

IN_TIME_MS = 30_000
FOLDER = "Creator/Square post"


def connect(page: Page) -> None:
    page.goto("/folders")
    page.get_by_role("button", name="Connect Google Drive").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(re.compile(r"/folders"))


def test_from_connecting_a_drive_to_the_result_in_its_folder(
    page: Page, person: Person, drive: DriveServer
) -> None:
    ana = drive.user("ana@example.com")
    connect(page)
    expect(page.get_by_text("ana@example.com")).to_be_visible()
    page.get_by_role("button", name="Add a folder").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Square post")).click()
    page.get_by_role("button", name="Add the folder").click()
    page.locator("[data-folder=square-post] button.name").click()
    ana.drop(FOLDER, "mug.jpg", photo())
    ana.drop(FOLDER, "contract.pdf", b"%PDF-1.7")
    file = page.locator('[data-file="mug.jpg"]')
    expect(file).to_contain_text("Done", timeout=IN_TIME_MS)
    result = file.get_by_role("link", name="mug-square-post.png")
    expect(result).to_be_visible(timeout=IN_TIME_MS)
    assert result.get_attribute("href") == ana.file(f"{FOLDER}/Done/mug-square-post.png")["webViewLink"]
    assert size_of(ana.read(f"{FOLDER}/Done/mug-square-post.png")) == ("PNG", (1080, 1080))
    expect(page.locator('[data-file="contract.pdf"]')).to_contain_text(
        "This recipe takes pictures", timeout=IN_TIME_MS
    )
    expect(page.get_by_role("link", name="contract.pdf.txt")).to_be_visible(timeout=IN_TIME_MS)
    assert f"{FOLDER}/Needs a look/contract.pdf.txt" in ana.paths()
    disconnect(page)
    expect(page.get_by_role("button", name="Connect Google Drive")).to_be_visible()
    assert f"{FOLDER}/Done/mug-square-post.png" in ana.paths(), "nothing in it was changed"
    assert person.client.get("/api/v1/drive").json()["connected"] is False


def disconnect(page: Page) -> None:
    page.get_by_role("button", name="What to do with Google Drive").click()
    page.get_by_role("menuitem", name="Disconnect").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Disconnect").click()


def test_a_refused_consent_is_said_and_changes_nothing(page: Page, person: Person) -> None:
    page.goto("/folders")
    page.get_by_role("button", name="Connect Google Drive").click()
    page.get_by_role("button", name=re.compile("Cancel|Deny")).click()
    page.wait_for_url(re.compile(r"/folders"))
    expect(page.get_by_text("you did not allow all of it")).to_be_visible()
    expect(page.get_by_role("button", name="Connect Google Drive")).to_be_visible()


def test_a_picture_dropped_on_the_disk(page: Page, creator: RunningCreator) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile(r"/new|/$"))
    page.goto("/folders")
    folder = creator.home / "drop" / "square-post"
    name = f"mug {os.urandom(3).hex()}"
    (folder / f"{name}.jpg").write_bytes(photo())
    page.locator("[data-folder=square-post] button.name").click()
    expect(page.locator(f'[data-file="{name}.jpg"]')).to_contain_text("Done", timeout=IN_TIME_MS)
    expect(page.locator(f'[data-file="{name}.jpg"]')).to_contain_text(f"{name}-square-post.png")
    assert size_of((folder / "Done" / f"{name}-square-post.png").read_bytes()) == ("PNG", (1080, 1080))
