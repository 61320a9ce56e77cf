"""recipe.toml: what it may say, and how its mistakes are named."""

import pytest

from creator_app.domain.recipe import Manifest, ManifestError, read_manifest

GOOD = """
slug = "frame"
title = "Frame"
description = "Puts a frame around a picture."
credits = 2

[[inputs]]
name = "image"
label = "Your picture"
type = "image"
node = 1
input = "image"
required = true

[[inputs]]
name = "margin"
label = "Margin"
type = "integer"
default = 8
min = 0
max = 30

[values]
outer = "inner + 2 * margin"
inner = "fit_width(image, 900, 900)"

[[computed]]
node = "2"
input = "width"
value = "outer"

[[outputs]]
node = "3"
label = "Framed picture"
"""


def problems(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read_manifest(text)
    for problem in caught.value.problems:
        assert problem.startswith("recipe.toml: ")
        assert problem.endswith(".")
    return str(caught.value)


def test_a_good_manifest_is_read_with_its_defaults() -> None:
    manifest = read_manifest(GOOD)
    assert (manifest.slug, manifest.credits, manifest.limits.files) == ("frame", 2, 1)
    assert [one.name for one in manifest.file_inputs] == ["image"]
    assert manifest.inputs[0].node == "1"


def test_values_are_put_in_the_order_in_which_they_need_each_other() -> None:
    manifest = read_manifest(GOOD)
    assert [name for name, _ in manifest.ordered_values()] == ["inner", "outer"]


def test_a_manifest_survives_the_database_which_forgets_the_order_of_keys() -> None:
    manifest = read_manifest(GOOD)
    stored = manifest.model_dump(mode="json")
    stored["values"] = dict(reversed(stored["values"].items()))
    assert Manifest.model_validate(stored).model_dump(mode="json") == manifest.model_dump(mode="json")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('slug = "frame"', 'slug = "My Frame"', "slug may have small letters"),
        ('title = "Frame"', "", "title is missing: add it"),
        ("credits = 2", "credits = 2\ncolour = 1", "colour is not a key of recipes"),
        ("credits = 2", "credits = -1", "credits"),
        ('type = "integer"', 'type = "slider"', 'inputs[2] "margin", key "type" must be one of image'),
        ('type = "integer"', 'type = "choice"', 'inputs[2] "margin" is not right: a choice needs "choices"'),
        ("min = 0", 'min = "none"', 'inputs[2] "margin", key "min" has the wrong kind of value'),
        ("min = 0", "min = 40", '"min" is larger than "max"'),
        ("default = 8", "default = 99", 'the default of "margin" does not fit: Enter a number from 0 to 30'),
        ('input = "image"', "", '"node" and "input" belong together'),
        ('name = "margin"', 'name = "image"', 'two inputs are called "image"'),
        ('value = "outer"', 'value = "height"', 'uses "height", which is no input and no value'),
        ('value = "outer"', 'value = "exec(1)"', 'there is no function "exec"'),
        ("inner = ", "margin = ", 'the value "margin" is called like an input'),
        ('inner = "fit', 'inner = "outer * fit', "the values inner, outer need each other in a circle"),
        ("[[outputs]]", "[[computed]]\nnode = 2\ninput = 'width'\nvalue = '1'\n[[outputs]]", "is set twice"),
        ("[[outputs]]", "[[results]]", "outputs is missing"),
        ('title = "Frame"', "title = Frame", "this is not TOML"),
    ],
)
def test_mistakes_are_named_by_file_and_key_and_what_to_do(before: str, after: str, words: str) -> None:
    assert before in GOOD
    assert words in problems(GOOD.replace(before, after, 1))


def test_every_mistake_is_named_at_once() -> None:
    text = problems('slug = "x"\n')
    assert all(f"{key} is missing" in text for key in ("title", "description", "inputs", "outputs"))
