"""Nodes that look for patterns (regular expressions) in texts.

They use the `regex` library: `re` can't be stopped and lets no other thread run, so that one unlucky pattern
would silence the engine.
"""

from __future__ import annotations

from typing import Any

import regex

from ..imaging.limits import MAX_TEXT_CHARACTERS, check_text
from .base import Node, Run, combo, inputs, integer, node, switch, text

_LONG_TEXT = text(multiline=True)
_BOUNDED: dict[str, Any] = {"timeout": 5.0, "concurrent": True}


def _flags(case_insensitive: bool, multiline: bool, dotall: bool) -> regex.RegexFlag:
    flags = regex.RegexFlag(0)
    for wanted, flag in (
        (case_insensitive, regex.IGNORECASE),
        (multiline, regex.MULTILINE),
        (dotall, regex.DOTALL),
    ):
        flags |= flag if wanted else regex.RegexFlag(0)
    return flags


@node("RegexMatch", "Regex Match", "utils/string", "string")
class RegexMatch(Node):
    REQUIRED = inputs(
        string=_LONG_TEXT,
        regex_pattern=_LONG_TEXT,
        case_insensitive=switch(True),
        multiline=switch(False),
        dotall=switch(False),
    )
    OUTPUTS = ("BOOLEAN",)
    OUTPUT_NAMES = ("matches",)

    def run(self, run: Run, string: str, regex_pattern: str, **flags: bool) -> tuple[Any, ...]:
        try:
            pattern = regex.compile(regex_pattern, _flags(**flags))
            return (pattern.search(string, **_BOUNDED) is not None,)
        except regex.error:
            return (False,)  # a broken pattern finds nothing, as in ComfyUI


@node("RegexExtract", "Regex Extract", "utils/string", "string")
class RegexExtract(Node):
    REQUIRED = inputs(
        string=_LONG_TEXT,
        regex_pattern=_LONG_TEXT,
        mode=combo("First Match", "All Matches", "First Group", "All Groups"),
        case_insensitive=switch(True),
        multiline=switch(False),
        dotall=switch(False),
        group_index=integer(1, 0, 100, step=None),
    )
    OUTPUTS = ("STRING",)

    def run(
        self, run: Run, string: str, regex_pattern: str, mode: str, group_index: int, **flags: bool
    ) -> tuple[Any, ...]:
        try:
            pattern = regex.compile(regex_pattern, _flags(**flags))
        except regex.error:
            return ("",)
        found = list(pattern.finditer(string, **_BOUNDED))
        if mode.startswith("First"):
            found = found[:1]
        if mode.endswith("Groups") or mode.endswith("Group"):
            return (
                "\n".join(one.group(group_index) or "" for one in found if _has(pattern, mode, group_index)),
            )
        # Where a pattern has groups, "All Matches" gives the first group of each, as ComfyUI does.
        group = 1 if mode == "All Matches" and pattern.groups else 0
        return ("\n".join(one.group(group) or "" for one in found),)


def _has(pattern: regex.Pattern[str], mode: str, group: int) -> bool:
    return pattern.groups >= group and (mode == "First Group" or pattern.groups > 0)


@node("RegexReplace", "Regex Replace", "utils/string", "string")
class RegexReplace(Node):
    DESCRIPTION = "Find and replace text using regex patterns."
    REQUIRED = inputs(string=_LONG_TEXT, regex_pattern=_LONG_TEXT, replace=_LONG_TEXT)
    OPTIONAL = inputs(
        case_insensitive=switch(True),
        multiline=switch(False),
        dotall=switch(
            False,
            "When enabled, the dot (.) character will match any character including newline characters. "
            "When disabled, dots won't match newlines.",
        ),
        count=integer(
            0,
            0,
            100,
            step=None,
            tip="Maximum number of replacements to make. Set to 0 to replace all occurrences (default). "
            "Set to 1 to replace only the first match, 2 for the first two matches, etc.",
        ),
    )
    OUTPUTS = ("STRING",)

    def run(
        self,
        run: Run,
        string: str,
        regex_pattern: str,
        replace: str,
        case_insensitive: bool = True,
        multiline: bool = False,
        dotall: bool = False,
        count: int = 0,
    ) -> tuple[Any, ...]:
        flags = _flags(case_insensitive, multiline, dotall)
        left = MAX_TEXT_CHARACTERS

        def filled(match: regex.Match[str]) -> str:
            nonlocal left
            part = match.expand(replace)
            left -= len(part)
            check_text(MAX_TEXT_CHARACTERS - min(left, 0))
            return part

        pattern = regex.compile(regex_pattern, flags)
        return (pattern.sub(filled, string, count=count, **_BOUNDED),)
