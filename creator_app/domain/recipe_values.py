"""How the values that people give for a recipe's inputs are read and checked.

Pages, REST and the command line send the same values in different clothes (``true``, ``"true"``, ``"on"``):
they are told apart here and nowhere else.
"""

import math
import re
from enum import StrEnum
from typing import Any, Final, Protocol

# Beyond this, a number changes when a browser reads it.
MAX_SEED: Final = 2**53 - 1
MAX_TEXT: Final = 2000


class InputType(StrEnum):
    """What a person gives."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    SEED = "seed"


FILES: Final = frozenset({InputType.IMAGE, InputType.VIDEO, InputType.AUDIO})
_YES: Final = frozenset({"true", "yes", "on", "1"})
_NO: Final = frozenset({"false", "no", "off", "0"})
_INTEGER: Final = re.compile(r"[+-]?\d{1,20}")


class Asked(Protocol):
    """What is asked for: the part of a recipe's input that values are checked against."""

    @property
    def type(self) -> InputType:
        """What kind of value."""

    @property
    def min(self) -> float | int | None:
        """Smallest number, or fewest characters."""

    @property
    def max(self) -> float | int | None:
        """Largest number, or most characters."""

    @property
    def choices(self) -> list[str] | None:
        """What can be chosen."""


def read_value(one: Asked, value: Any) -> bool | int | float | str:
    """A value as the workflow takes it; texts are read as what the input asks for.

    Args:
        one: an input that is no file.
        value: what was given, as JSON or as a text of a form or a command line.

    Raises:
        ValueError: it does not fit; the message is a sentence for the person who gave it.
    """
    match one.type:
        case InputType.BOOLEAN:
            return _boolean(value)
        case InputType.CHOICE:
            return _choice(one, value)
        case InputType.TEXT:
            return _text(one, value)
        case InputType.INTEGER | InputType.SEED:
            return int(_in_range(one, _integer(value)))
        case InputType.NUMBER:
            return _in_range(one, _number(value))
    raise ValueError("This takes a file, not a value.")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError("Say yes or no.")


def _choice(one: Asked, value: Any) -> str:
    choices = one.choices or []
    wanted = str(value).strip().casefold() if isinstance(value, str | int | float) else None
    for choice in choices:
        if choice.casefold() == wanted:
            return choice
    raise ValueError(f"Choose one of: {', '.join(choices)}.")


def _text(one: Asked, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("This must be a text.")
    longest = int(one.max) if one.max is not None else MAX_TEXT
    if len(value) > longest:
        raise ValueError(f"This text is too long: at most {longest} characters.")
    if one.min is not None and len(value) < one.min:
        raise ValueError(f"This text is too short: at least {int(one.min)} characters.")
    if any(ord(letter) < 32 and letter not in "\t\r\n" for letter in value):
        raise ValueError("This text has characters that cannot be shown. Type it again.")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool):
        raise ValueError("Enter a whole number.")
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value)
    raise ValueError("Enter a whole number.")


def _number(value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("Enter a number.")
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise ValueError("Enter a number, for example 0.5.") from error
    if not math.isfinite(number):
        raise ValueError("Enter a number, for example 0.5.")
    return number


def _in_range(one: Asked, number: float | int) -> float | int:
    low = one.min if one.min is not None else (0 if one.type is InputType.SEED else None)
    high = one.max if one.max is not None else (MAX_SEED if one.type is InputType.SEED else None)
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"{_range_words(low, high)}. You entered {number:g}.")
    return number


def _range_words(low: float | int | None, high: float | int | None) -> str:
    if low is None:
        return f"Enter at most {high:g}"
    if high is None:
        return f"Enter at least {low:g}"
    return f"Enter a number from {low:g} to {high:g}"
