"""Nodes on plain values: numbers, texts, switches."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..imaging.limits import check_text
from .base import Node, Result, Run, combo, inputs, node, switch, text

_LARGEST = 2**63 - 1
_LONG_TEXT = text(multiline=True)


class _Primitive(Node):
    def run(self, run: Run, value: Any) -> tuple[Any, ...]:
        return (value,)


@node("PrimitiveInt", "Int", "utils/primitive", "primitive")
class PrimitiveInt(_Primitive):
    REQUIRED = inputs(value=("INT", {"min": -_LARGEST, "max": _LARGEST, "control_after_generate": True}))
    OUTPUTS = ("INT",)


@node("PrimitiveFloat", "Float", "utils/primitive", "primitive")
class PrimitiveFloat(_Primitive):
    REQUIRED = inputs(value=("FLOAT", {"min": -_LARGEST, "max": _LARGEST}))
    OUTPUTS = ("FLOAT",)


@node("PrimitiveBoolean", "Boolean", "utils/primitive", "primitive")
class PrimitiveBoolean(_Primitive):
    REQUIRED = inputs(value=switch())
    OUTPUTS = ("BOOLEAN",)


@node("PrimitiveString", "String", "utils/primitive", "primitive")
class PrimitiveString(_Primitive):
    REQUIRED = inputs(value=text(multiline=False))
    OUTPUTS = ("STRING",)


@node("PrimitiveStringMultiline", "String (Multiline)", "utils/primitive", "primitive")
class PrimitiveStringMultiline(_Primitive):
    REQUIRED = inputs(value=_LONG_TEXT)
    OUTPUTS = ("STRING",)


@node("PreviewAny", "Preview Any", "utils", "preview_any")
class PreviewAny(Node):
    REQUIRED = inputs(source=("*", {}))
    IS_OUTPUT = True

    def run(self, run: Run, source: Any) -> Result:
        return Result(ui={"text": (_shown(source),)})


def _shown(value: Any) -> str:
    if value is None or isinstance(value, str | int | float | bool):
        return str(value)
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, threshold=200)
    try:
        return json.dumps(value)
    except (TypeError, ValueError):
        return str(value)


@node("StringConcatenate", "Concatenate", "utils/string", "string")
class StringConcatenate(Node):
    REQUIRED = inputs(string_a=_LONG_TEXT, string_b=_LONG_TEXT, delimiter=text("", multiline=False))
    OUTPUTS = ("STRING",)

    def run(self, run: Run, string_a: str, string_b: str, delimiter: str) -> tuple[Any, ...]:
        check_text(len(string_a) + len(string_b) + len(delimiter))
        return (delimiter.join((string_a, string_b)),)


@node("StringLength", "Length", "utils/string", "string")
class StringLength(Node):
    REQUIRED = inputs(string=_LONG_TEXT)
    OUTPUTS = ("INT",)
    OUTPUT_NAMES = ("length",)

    def run(self, run: Run, string: str) -> tuple[Any, ...]:
        return (len(string),)


@node("StringReplace", "Replace", "utils/string", "string")
class StringReplace(Node):
    REQUIRED = inputs(string=_LONG_TEXT, find=_LONG_TEXT, replace=_LONG_TEXT)
    OUTPUTS = ("STRING",)

    def run(self, run: Run, string: str, find: str, replace: str) -> tuple[Any, ...]:
        check_text(len(string) + string.count(find) * (len(replace) - len(find)))
        return (string.replace(find, replace),)


@node("StringSubstring", "Substring", "utils/string", "string")
class StringSubstring(Node):
    REQUIRED = inputs(string=_LONG_TEXT, start=("INT", {}), end=("INT", {}))
    OUTPUTS = ("STRING",)

    def run(self, run: Run, string: str, start: int, end: int) -> tuple[Any, ...]:
        return (string[start:end],)


@node("StringTrim", "Trim", "utils/string", "string")
class StringTrim(Node):
    REQUIRED = inputs(string=_LONG_TEXT, mode=combo("Both", "Left", "Right"))
    OUTPUTS = ("STRING",)

    def run(self, run: Run, string: str, mode: str) -> tuple[Any, ...]:
        return ({"Both": string.strip, "Left": string.lstrip, "Right": string.rstrip}[mode](),)


@node("CaseConverter", "Case Converter", "utils/string", "string")
class CaseConverter(Node):
    REQUIRED = inputs(string=_LONG_TEXT, mode=combo("UPPERCASE", "lowercase", "Capitalize", "Title Case"))
    OUTPUTS = ("STRING",)

    def run(self, run: Run, string: str, mode: str) -> tuple[Any, ...]:
        forms = {
            "UPPERCASE": str.upper,
            "lowercase": str.lower,
            "Capitalize": str.capitalize,
            "Title Case": str.title,
        }
        return (forms[mode](string),)


@node("StringContains", "Contains", "utils/string", "string")
class StringContains(Node):
    REQUIRED = inputs(string=_LONG_TEXT, substring=_LONG_TEXT, case_sensitive=switch(True))
    OUTPUTS = ("BOOLEAN",)
    OUTPUT_NAMES = ("contains",)

    def run(self, run: Run, string: str, substring: str, case_sensitive: bool) -> tuple[Any, ...]:
        return (substring in string if case_sensitive else substring.lower() in string.lower(),)


@node("StringCompare", "Compare", "utils/string", "string")
class StringCompare(Node):
    REQUIRED = inputs(
        string_a=_LONG_TEXT,
        string_b=_LONG_TEXT,
        mode=combo("Starts With", "Ends With", "Equal"),
        case_sensitive=switch(True),
    )
    OUTPUTS = ("BOOLEAN",)

    def run(self, run: Run, string_a: str, string_b: str, mode: str, case_sensitive: bool) -> tuple[Any, ...]:
        if not case_sensitive:
            string_a, string_b = string_a.lower(), string_b.lower()
        if mode == "Equal":
            return (string_a == string_b,)
        return (string_a.startswith(string_b) if mode == "Starts With" else string_a.endswith(string_b),)
