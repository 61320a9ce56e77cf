"""The same bad input through page, REST and command line: the same sentence with a hint, and nothing left."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Person
from tests.e2e.pictures import drop, size_of
from tests.peers.bad_pictures import REFUSED, TAKEN, Sent, encoded
from tests.peers.creator import RunningCreator

RECIPE = "square-post"


def over_rest(person: Person, sent: Sent, recipe: str = RECIPE, **values: Any) -> dict[str, Any]:
    """Sends a picture as a program does; the answer."""
    data = {"recipe": recipe, "inputs": json.dumps(values)}
    files = {"image": (sent.name, sent.data(), sent.kind or "application/octet-stream")}
    answer: dict[str, Any] = person.client.post("/api/v1/jobs", data=data, files=files, timeout=60).json()
    return answer


def on_the_command_line(
    creator: RunningCreator, person: Person, folder: Path, *arguments: str
) -> list[dict[str, Any]]:
    """Runs a recipe; what is told of each file."""
    answer = creator.command("run", *arguments, "--as", person.email, "--json", "-o", str(folder))
    assert "Traceback" not in answer.stdout + answer.stderr
    told: list[dict[str, Any]] = json.loads(answer.stdout)
    assert answer.returncode == (1 if any("error" in one for one in told) else 0)
    return told


def left(creator: RunningCreator, person: Person) -> list[int]:
    """How many jobs, ledger entries and pictures the person's account has."""
    connection = sqlite3.connect(creator.home / "creator.db", timeout=10)
    try:
        mine = "account_id = (SELECT account_id FROM user WHERE email = ?)"
        return [
            connection.execute(f"SELECT count(*) FROM {table} WHERE {mine}", (person.email,)).fetchone()[0]
            for table in ("job", "ledger_entry", "asset")
        ]
    finally:
        connection.close()


def test_the_command_line_says_what_rest_says_and_nothing_is_left(
    creator: RunningCreator, person: Person, tmp_path: Path
) -> None:
    said = {kind: over_rest(person, sent)["error"] for kind, sent in REFUSED.items()}
    files = []
    for number, sent in enumerate(REFUSED.values()):
        file = tmp_path / str(number) / sent.name
        file.parent.mkdir()
        file.write_bytes(sent.data())
        files.append(str(file))
    told = on_the_command_line(creator, person, tmp_path / "out", RECIPE, *files)
    for (kind, error), line in zip(said.items(), told, strict=True):
        assert (line["error"], line["hint"]) == (error["message"], error["hint"]), kind
        assert re.fullmatch(r"\S.*[.?]", error["message"]), kind
        assert error["hint"], kind
        assert not re.search(r"Error|Traceback|PIL|None|/tmp", error["message"] + error["hint"]), kind
    assert left(creator, person) == [0, 0, 0]


@pytest.mark.parametrize("kind", REFUSED)
def test_the_page_says_what_rest_says_and_makes_no_job(
    creator: RunningCreator, page: Page, person: Person, kind: str, tmp_path: Path
) -> None:
    sent = REFUSED[kind]
    error = over_rest(person, sent)["error"]
    file = tmp_path / sent.name
    file.write_bytes(sent.data())
    page.goto(f"/new/{RECIPE}")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Create").click()
    alert = page.get_by_role("alert").filter(has_text=error["message"])
    expect(alert.first).to_be_visible(timeout=30_000)
    expect(page.get_by_text(error["hint"]).first).to_be_visible()
    assert page.url.endswith(f"/new/{RECIPE}")
    assert left(creator, person) == [0, 0, 0]


def test_of_several_pictures_the_bad_ones_stay_and_say_why(page: Page, person: Person) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(f"/new/{RECIPE}")
    expect(page.get_by_role("button", name="Create")).to_be_visible()
    good = [(f"good {n}.png", "image/png", encoded("PNG")) for n in range(3)]
    drop(page, *good, ("empty.png", "image/png", b""), ("broken.png", "image/png", b"not a picture"))
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("3 of 5 are on their way.")).to_be_visible()
    assert page.locator("drop-zone li .name").all_inner_texts() == ["empty.png", "broken.png"]
    wrong = page.locator("drop-zone li .wrong").all_inner_texts()
    assert len(wrong) == 2 and all(wrong) and wrong[0] != wrong[1]
    assert [page.get_by_text(text, exact=True).count() for text in wrong] == [1, 1]
    assert not [text for text in errors if "ERR_FILE_NOT_FOUND" in text]
    page.get_by_role("link", name="See the jobs").click()
    expect(page.get_by_role("link", name="Open good 2.png")).to_be_visible()


def test_odd_pictures_are_taken_and_finish(creator: RunningCreator, person: Person, tmp_path: Path) -> None:
    jobs = {kind: over_rest(person, sent) for kind, sent in TAKEN.items()}
    files = []
    for number, sent in enumerate(TAKEN.values()):
        file = tmp_path / str(number) / Path(sent.name).name
        file.parent.mkdir()
        file.write_bytes(sent.data())
        files.append(str(file))
    told = on_the_command_line(creator, person, tmp_path / "out", RECIPE, *files)
    for kind, line in zip(TAKEN, told, strict=True):
        (saved,) = line["outputs"]
        assert size_of(Path(saved).read_bytes()) == ("PNG", (1080, 1080)), kind
        assert Path(saved).resolve().parent == (tmp_path / "out").resolve(), kind
    for kind, job in jobs.items():
        done = person.client.get(f"/api/v1/jobs/{job['id']}").json()
        assert done["status"] == "succeeded", (kind, done)
        answer = person.client.get(done["outputs"][0]["url"])
        assert size_of(answer.content) == ("PNG", (1080, 1080)), kind
        assert "\n" not in answer.headers["content-disposition"], kind


@pytest.mark.parametrize(
    ("recipe", "values"),
    [
        ("film-look", {"strength": 900}),
        ("film-look", {"strength": "very"}),
        ("film-look", {"no_such_field": 1}),
        ("no-such-recipe", {}),
    ],
)
def test_bad_values_get_the_same_words(
    creator: RunningCreator, person: Person, tmp_path: Path, recipe: str, values: dict[str, Any]
) -> None:
    fine = Sent("fine.png", "image/png", lambda: encoded("PNG"))
    error = over_rest(person, fine, recipe, **values)["error"]
    file = tmp_path / fine.name
    file.write_bytes(fine.data())
    options = [option for name, value in values.items() for option in ("--set", f"{name}={value}")]
    answer = creator.command("run", recipe, str(file), *options, "--as", person.email, "-o", str(tmp_path))
    assert answer.returncode == 1
    assert f"{error['message']} {error['hint']}" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert left(creator, person) == [0, 0, 0]


def test_a_recipe_with_two_pictures_runs_from_the_command_line(
    creator: RunningCreator, person: Person, tmp_path: Path
) -> None:
    for name in ("photo.png", "logo.png"):
        (tmp_path / name).write_bytes(encoded("PNG"))
    logo = ("--set", f"logo={tmp_path / 'logo.png'}")
    (done,) = on_the_command_line(
        creator, person, tmp_path / "out", "watermark", str(tmp_path / "photo.png"), *logo
    )
    assert len(done["outputs"]) == 1
    (missing,) = on_the_command_line(
        creator, person, tmp_path / "out", "watermark", str(tmp_path / "photo.png")
    )
    assert "logo" in missing["error"].lower()
