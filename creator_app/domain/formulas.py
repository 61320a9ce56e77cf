"""The formulas of a recipe: how a fixed workflow fits a picture of any size.

Core nodes take fixed numbers, so a manifest may compute them from the inputs::

    [[computed]]
    node = "5"
    input = "width"
    value = "fit_width(image, 1080, 1920)"

A formula knows numbers, texts in quotes, ``+ - * / // %``, brackets, the recipe's inputs by name (a picture
has ``.width`` and ``.height`` in pixels) and the functions of ``FUNCTIONS``. It is read into a syntax tree
and walked by hand; nothing is ever executed, and what is not listed here is refused when a recipe is read.
"""

import ast
import math
import operator
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

MAX_LENGTH: Final = 400
MAX_PARTS: Final = 150
#: Python before 3.11.8 and 3.12.2 mixes up threads that parse side by side: it raises SystemError, see
#: https://github.com/python/cpython/issues/106905
_ONE_AT_A_TIME: Final = threading.Lock()


class FormulaError(ValueError):
    """A formula is not written as formulas are, or cannot be worked out for these inputs."""


@dataclass(frozen=True)
class Size:
    """How big a picture is, in pixels."""

    width: int
    height: int


def _fit(image: Size, width: float, height: float) -> tuple[int, int]:
    factor = min(width / image.width, height / image.height)
    return max(1, round(image.width * factor)), max(1, round(image.height * factor))


def _cover(image: Size, width: float, height: float) -> tuple[int, int]:
    factor = max(width / image.width, height / image.height)
    return max(1, round(image.width * factor)), max(1, round(image.height * factor))


def _crop(image: Size, width: float, height: float) -> tuple[int, int]:
    return (
        max(1, min(image.width, round(image.height * width / height))),
        max(1, min(image.height, round(image.width * height / width))),
    )


def _pick(choice: Any, *pairs: Any) -> Any:
    """``pick(position, "left", 0, "right", 1, 0.5)``: the value after the equal one, else the last."""
    for key, value in zip(pairs[0:-1:2], pairs[1::2], strict=False):
        if key == choice:
            return value
    if len(pairs) % 2:
        return pairs[-1]
    raise FormulaError(f"pick() has no value for {choice!r}")


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


def _choose(flag: Any, yes: Any, no: Any) -> Any:
    return yes if flag else no


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    # The whole picture inside a box; the picture that covers a box; the largest part of it in a box's ratio.
    "fit_width": lambda image, width, height: _fit(image, width, height)[0],
    "fit_height": lambda image, width, height: _fit(image, width, height)[1],
    "cover_width": lambda image, width, height: _cover(image, width, height)[0],
    "cover_height": lambda image, width, height: _cover(image, width, height)[1],
    "crop_width": lambda image, width, height: _crop(image, width, height)[0],
    "crop_height": lambda image, width, height: _crop(image, width, height)[1],
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "clamp": _clamp,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "pick": _pick,
    "choose": _choose,
}

_OPERATORS: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_SIDES: Final = ("width", "height")


@dataclass(frozen=True)
class Formula:
    """A formula that was read and found well-formed.

    Attributes:
        text: as it was written.
        names: the inputs that it uses.
    """

    text: str
    names: frozenset[str]
    _root: ast.expr

    def work_out(self, values: Mapping[str, Any]) -> int | float | str | bool:
        """The formula's result.

        Args:
            values: the recipe's inputs by name; pictures as `Size`.

        Raises:
            FormulaError: it divides by zero, mixes texts and numbers, or an input is missing.
        """
        try:
            result = _walk(self._root, values)
        except FormulaError:
            raise
        except (ArithmeticError, TypeError, AttributeError, ValueError) as error:
            raise FormulaError(f'"{self.text}" cannot be worked out: {error}') from error
        if isinstance(result, float) and not math.isfinite(result):
            raise FormulaError(f'"{self.text}" gives no finite number')
        if not isinstance(result, int | float | str):
            raise FormulaError(f'"{self.text}" gives no number or text; ask a picture for .width or .height')
        return result


@lru_cache(maxsize=1024)
def read_formula(text: str) -> Formula:
    """Reads a formula.

    Raises:
        FormulaError: it is not one; the message says what is wrong and what is allowed.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"a formula has at most {MAX_LENGTH} characters")
    try:
        with _ONE_AT_A_TIME:
            root = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError(f'"{text}" is not a formula: {getattr(error, "msg", "unreadable")}') from error
    if sum(1 for _ in ast.walk(root)) > MAX_PARTS:
        raise FormulaError("this formula is too long; split it up")
    names: set[str] = set()
    _check(root, names)
    return Formula(text, frozenset(names), root)


def _check(node: ast.expr, names: set[str]) -> None:
    match node:
        case ast.Constant(value=bool() | None):
            raise FormulaError("a formula has numbers and texts only; choose(flag, yes, no) reads a tick box")
        case ast.Constant(value=int() | float() | str()):
            return
        case ast.Name(id=name):
            names.add(name)
        case ast.Attribute(value=ast.Name(id=name), attr=side) if side in _SIDES:
            names.add(name)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _check(inner, names)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.Call(func=ast.Name(id=function), args=args, keywords=[]):
            _check_call(function, args, names)
        case _:
            raise FormulaError(
                f'"{ast.unparse(node)}" is not allowed in a formula; allowed are numbers, texts in quotes,'
                f" inputs, + - * / // %, and {', '.join(sorted(FUNCTIONS))}"
            )


def _check_call(function: str, args: list[ast.expr], names: set[str]) -> None:
    if function not in FUNCTIONS:
        raise FormulaError(f'there is no function "{function}"; there are {", ".join(sorted(FUNCTIONS))}')
    for argument in args:
        _check(argument, names)


def _walk(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _value(name, values)
        case ast.Attribute(value=ast.Name(id=name), attr=side):
            return getattr(_value(name, values), side)
        case ast.UnaryOp(operand=inner):
            return -_walk(inner, values)
        case ast.BinOp(left=left, op=sign, right=right):
            return _calculate(sign, _walk(left, values), _walk(right, values))
        case ast.Call(func=ast.Name(id=function), args=args):
            return FUNCTIONS[function](*(_walk(argument, values) for argument in args))
    raise FormulaError("this formula was never checked")


def _value(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise FormulaError(f'there is no value for "{name}"')
    return values[name]


def _calculate(sign: ast.operator, left: Any, right: Any) -> Any:
    # Texts would multiply into memory: only numbers are calculated with.
    for value in (left, right):
        if isinstance(value, str) or not isinstance(value, int | float):
            raise FormulaError(f"only numbers can be calculated with, not {value!r}")
    return _OPERATORS[type(sign)](left, right)
