"""Values as pages, programs and the command line send them."""

from typing import Any

import pytest

from creator_app.domain.recipe import RecipeInput
from creator_app.domain.recipe_values import MAX_SEED, read_value


def asked(kind: str, **more: Any) -> RecipeInput:
    if kind == "choice":
        more.setdefault("choices", ["Centre", "Bottom left"])
    return RecipeInput(name="it", label="It", type=kind, **more)


@pytest.mark.parametrize(
    ("one", "given", "expected"),
    [
        (asked("integer"), 5, 5),
        (asked("integer"), "5", 5),
        (asked("integer"), 5.0, 5),
        (asked("number"), "0.25", 0.25),
        (asked("number"), 1, 1.0),
        (asked("boolean"), "on", True),
        (asked("boolean"), False, False),
        (asked("boolean"), "No", False),
        (asked("choice"), "bottom LEFT", "Bottom left"),
        (asked("text"), "Grüße\n夏", "Grüße\n夏"),
        (asked("seed"), MAX_SEED, MAX_SEED),
    ],
)
def test_values_are_read_whatever_clothes_they_wear(one: RecipeInput, given: Any, expected: Any) -> None:
    value = read_value(one, given)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("one", "given", "words"),
    [
        (asked("integer", min=0, max=30), 31, "Enter a number from 0 to 30. You entered 31."),
        (asked("integer", min=2), 1, "at least 2"),
        (asked("integer", max=2), 3, "at most 2"),
        (asked("integer"), 1.5, "whole number"),
        (asked("integer"), True, "whole number"),
        (asked("integer"), "1e3", "whole number"),
        (asked("integer"), "9" * 400, "whole number"),
        (asked("integer"), [1], "whole number"),
        (asked("number"), "nan", "Enter a number"),
        (asked("number"), "inf", "Enter a number"),
        (asked("number"), {"a": 1}, "Enter a number"),
        (asked("number"), 10**400, "Enter a number"),
        (asked("boolean"), "maybe", "yes or no"),
        (asked("choice"), "Middle", "Choose one of: Centre, Bottom left."),
        (asked("choice"), None, "Choose one of"),
        (asked("choice"), ["Centre"], "Choose one of"),
        (asked("text"), 5, "must be a text"),
        (asked("text", max=3), "four", "at most 3 characters"),
        (asked("text"), "a\x00b", "cannot be shown"),
        (asked("text"), "x" * 2001, "too long"),
        (asked("seed"), -1, "from 0 to"),
        (asked("seed"), MAX_SEED + 1, "from 0 to"),
        (asked("image"), "x", "takes a file"),
    ],
)
def test_what_does_not_fit_is_answered_with_a_sentence(one: RecipeInput, given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        read_value(one, given)
    assert words in str(caught.value)
