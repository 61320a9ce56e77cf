"""The rules of drop folders, as a table of what people do."""

from datetime import UTC, datetime, timedelta

import pytest

from creator_app.domain import drops
from creator_app.domain.drops import Dropped, Verdict
from creator_app.domain.recipe import Manifest

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
REST = timedelta(seconds=2)
MANIFEST = Manifest.model_validate(
    {
        "slug": "portrait",
        "title": "Portrait",
        "description": "x",
        "inputs": [
            {
                "name": "image",
                "label": "Picture",
                "type": "image",
                "node": 1,
                "input": "image",
                "required": True,
            },
            {
                "name": "logo",
                "label": "Your logo",
                "type": "image",
                "node": 2,
                "input": "image",
                "required": True,
            },
            {"name": "seed", "label": "Seed", "type": "seed", "node": 3, "input": "seed"},
            {"name": "strength", "label": "Strength", "type": "number", "min": 0, "max": 1},
            {"name": "style", "label": "Style", "type": "text"},
        ],
        "outputs": [{"node": 9, "label": "Portrait"}],
    }
)


def file(name: str = "a.png", **changes: object) -> Dropped:
    given = {
        "name": name,
        "kind": "file",
        "size": 1000,
        "version": "v1",
        "content_type": None,
        "rested_since": NOW - timedelta(seconds=10),
        "grew": False,
        "seen_at": NOW - timedelta(seconds=10),
    }
    return Dropped(**{**given, **changes})  # type: ignore[arg-type]


def judged(one: Dropped) -> drops.Judgement:
    return drops.judge(one, MANIFEST, now=NOW, rest=REST, max_bytes=5_000_000)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (file(), Verdict.TAKE),
        (file("photo.HEIC"), Verdict.TAKE),
        (file("no ending"), Verdict.TAKE),
        (file("scan", content_type="image/jpeg"), Verdict.TAKE),
        (file("old.png", rested_since=NOW - timedelta(days=700)), Verdict.TAKE),
        (file(rested_since=NOW - timedelta(seconds=1)), Verdict.WAIT),
        (file(version="", size=None), Verdict.WAIT),
        (file(grew=True, rested_since=NOW - timedelta(seconds=5)), Verdict.WAIT),
        (file(grew=True), Verdict.TAKE),
        (file(size=0, version="e"), Verdict.WAIT),
        (file(size=0, rested_since=NOW - timedelta(minutes=1)), Verdict.NOTE),
        (file("plan.pdf"), Verdict.NOTE),
        (file("film.mp4"), Verdict.NOTE),
        (file("notes.txt"), Verdict.NOTE),
        (file("Plan", kind="document", content_type="application/vnd.google-apps.document"), Verdict.NOTE),
        (file(kind="dangling"), Verdict.NOTE),
        (file(size=6_000_000), Verdict.NOTE),
        (file("Recipe.TXT"), Verdict.IGNORE),
    ],
)
def test_what_becomes_of_a_file(one: Dropped, verdict: Verdict) -> None:
    judgement = judged(one)
    assert judgement.verdict is verdict
    assert bool(judgement.reason) == (verdict in (Verdict.NOTE, Verdict.WAIT))
    assert (judgement.until is not None) == (verdict is Verdict.WAIT)


@pytest.mark.parametrize(
    ("name", "clean", "values"),
    [
        ("portrait__seed=42.png", "portrait.png", {"seed": "42"}),
        ("portrait__seed=42__strength=0.5.png", "portrait.png", {"seed": "42", "strength": "0.5"}),
        ("cat__strength=0.5", "cat", {"strength": "0.5"}),
        ("my__cat.png", "my__cat.png", {}),
        ("cat__sead=1.png", "cat__sead=1.png", {}),
        ("seed=7.png", "file.png", {"seed": "7"}),
        ("a__image=b.png", "a__image=b.png", {}),
        ("plain.png", "plain.png", {}),
    ],
)
def test_values_in_a_name(name: str, clean: str, values: dict[str, str]) -> None:
    assert drops.values_in_name(name, MANIFEST) == (clean, values)


def test_values_in_folders_the_inner_ones_win() -> None:
    assert drops.values_in_path(["seed=1__style=oil", "night", "seed=2"], MANIFEST) == {
        "seed": "2",
        "style": "oil",
    }


def test_a_values_file() -> None:
    text = "\ufeff# for all\nstrength = 0.7\n\nstyle=a = b\n"
    assert drops.read_values_file(text) == {"strength": "0.7", "style": "a = b"}
    with pytest.raises(ValueError, match="Line 2"):
        drops.read_values_file("seed = 1\nnonsense")


def test_values_that_do_not_fit_are_named_all_at_once() -> None:
    drops.check_values({"seed": "5", "strength": 0.2}, MANIFEST)
    with pytest.raises(ValueError, match=r"sead.*Strength"):
        drops.check_values({"sead": 1, "strength": 7}, MANIFEST)
    with pytest.raises(ValueError, match="logo"):
        drops.check_values({"logo": "x.png"}, MANIFEST)


def test_a_file_called_like_a_further_input_is_that_input() -> None:
    assert drops.main_input(MANIFEST).name == "image"  # type: ignore[union-attr]
    assert drops.is_companion("Logo.PNG", MANIFEST) == "logo"
    assert drops.is_companion("image.png", MANIFEST) is None


@pytest.mark.parametrize(
    ("template", "n", "expected"),
    [
        ("", 1, "cat-portrait.png"),
        ("{name} {recipe}", 1, "cat Portrait.png"),
        ("{name}", 2, "cat-2.png"),
        ("{name} {n}", 2, "cat 2.png"),
        ("{name}/../x", 1, "cat-..-x.png"),
        ("{name}.png", 1, "cat.png"),
        ("...", 1, "cat-portrait.png"),
    ],
)
def test_names_of_results(template: str, n: int, expected: str) -> None:
    facts = {"name": "cat", "recipe": "Portrait", "n": n}
    assert drops.result_name(template, facts, "cat-portrait.png") == expected


def test_a_rule_for_names_is_checked() -> None:
    assert drops.check_naming("  {name} {date} ") == "{name} {date}"
    with pytest.raises(ValueError, match="nam"):
        drops.check_naming("{nam}")


def test_a_note_says_what_happened_what_to_do_and_what_it_cost() -> None:
    text = drops.note_text("a.png", "This is no picture.", "Drop a picture here.")
    assert "a.png" in text
    assert "What to do: Drop a picture here." in text
    assert "You were not charged." in text
    assert drops.note_name("a/b?.png") == "a-b-.png.txt"
