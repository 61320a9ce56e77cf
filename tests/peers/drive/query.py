"""The ``q`` of files.list.

Source: "Search query terms and operators" (which term takes which operators) and "Search for files and
folders". What isn't written there is refused with 400 ``invalid``, as Google does.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from .clock import parse_time
from .errors import ApiError, invalid

ORDER = {"=", "!=", "<", "<=", ">", ">="}
#: term → (its operators, how its value is written)
TERMS: dict[str, tuple[set[str], str]] = {
    "name": ({"contains", "=", "!="}, "string"),
    "fullText": ({"contains"}, "string"),
    "mimeType": ({"contains", "=", "!="}, "string"),
    "modifiedTime": (ORDER, "time"),
    "createdTime": (ORDER, "time"),
    "trashed": ({"=", "!="}, "bool"),
    "starred": ({"=", "!="}, "bool"),
    "sharedWithMe": ({"=", "!="}, "bool"),
    "shortcutDetails.targetId": ({"=", "!="}, "string"),
}
#: collections for ``'value' in term``
COLLECTIONS = {"parents", "owners", "writers", "readers"}
#: collections for ``term has { key='…' and value='…' }``
PROPERTIES = {"properties", "appProperties"}

_TOKEN = re.compile(
    r"\s*(?:'((?:[^'\\]|\\.)*)'|(<=|>=|!=|=|<|>|\(|\)|\{|\})|([A-Za-z][\w.]*))",
    re.DOTALL,
)


class Facts(Protocol):
    """What a query asks about an item; ``term`` is a name of `TERMS`, `COLLECTIONS` or `PROPERTIES`."""

    def __call__(self, term: str) -> Any: ...


Test = Callable[[Facts], bool]


@dataclass
class Query:
    """A query that was understood.

    Attributes:
        matches: does an item of these facts belong to the answer.
        parents: folders that are named in it.
        terms: all terms that are named in it.
        is_plain: only ``and``: what it finds lies in the named folders, if any are named.
    """

    matches: Test
    parents: list[str] = field(default_factory=list)
    terms: set[str] = field(default_factory=set)
    is_plain: bool = True


def parse(text: str) -> Query:
    """Understands a query.

    Raises:
        ApiError: 400 ``invalid`` at ``q``.
    """
    parser = _Parser(_tokens(text))
    matches = parser.any_of()
    if parser.tokens:
        raise _wrong()
    return Query(matches, parser.parents, parser.terms, parser.is_plain)


def _wrong() -> ApiError:
    return invalid("Invalid Value", "q")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _wrong()
        string, symbol, word = match.groups()
        if string is not None:
            found.append(("string", re.sub(r"\\(.)", r"\1", string)))
        else:
            found.append(("symbol", symbol) if symbol else ("word", word))
        position = match.end()
    return found


class _Parser:
    """``or`` binds less than ``and``, which binds less than ``not``."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.parents: list[str] = []
        self.terms: set[str] = set()
        self.is_plain = True

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self._took("or"):
            self.is_plain = False
            tests.append(self.all_of())
        return lambda facts: any(test(facts) for test in tests)

    def all_of(self) -> Test:
        tests = [self.one()]
        while self._took("and"):
            tests.append(self.one())
        return lambda facts: all(test(facts) for test in tests)

    def one(self) -> Test:
        if self._took("not"):
            self.is_plain = False
            inner = self.one()
            return lambda facts: not inner(facts)
        if self._took("("):
            inner = self.any_of()
            self._must(")")
            return inner
        kind, value = self._next()
        if kind == "string":
            return self._membership(value)
        if kind == "word" and value in PROPERTIES:
            return self._property(value)
        if kind == "word" and value in TERMS:
            return self._comparison(value)
        raise _wrong()

    def _membership(self, value: str) -> Test:
        self._must("in")
        kind, term = self._next()
        if kind != "word" or term not in COLLECTIONS:
            raise _wrong()
        self.terms.add(term)
        if term == "parents":
            self.parents.append(value)
        return lambda facts: value in facts(term)

    def _property(self, term: str) -> Test:
        for symbol in ("has", "{", "key", "="):
            self._must(symbol)
        key = self._string()
        for symbol in ("and", "value", "="):
            self._must(symbol)
        value = self._string()
        self._must("}")
        self.terms.add(term)
        return lambda facts: facts(term).get(key) == value

    def _comparison(self, term: str) -> Test:
        operators, kind = TERMS[term]
        _, operator = self._next()
        if operator not in operators:
            raise _wrong()
        self.terms.add(term)
        if kind == "bool":
            return _compare(term, operator, self._bool())
        value: str | datetime = self._string()
        if kind == "time":
            value = _time(str(value))
        if operator == "contains":
            return _contains(term, str(value))
        return _compare(term, operator, value)

    def _bool(self) -> bool:
        kind, value = self._next()
        if kind != "word" or value not in ("true", "false"):
            raise _wrong()
        return value == "true"

    def _string(self) -> str:
        kind, value = self._next()
        if kind != "string":
            raise _wrong()
        return value

    def _next(self) -> tuple[str, str]:
        if not self.tokens:
            raise _wrong()
        return self.tokens.pop(0)

    def _took(self, token: str) -> bool:
        if self.tokens and self.tokens[0][0] != "string" and self.tokens[0][1] == token:
            self.tokens.pop(0)
            return True
        return False

    def _must(self, token: str) -> None:
        if not self._took(token):
            raise _wrong()


def _time(text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError:
        raise _wrong() from None


def _compare(term: str, operator: str, value: Any) -> Test:
    tests: dict[str, Test] = {
        "=": lambda facts: facts(term) == value,
        "!=": lambda facts: facts(term) != value,
        "<": lambda facts: facts(term) < value,
        "<=": lambda facts: facts(term) <= value,
        ">": lambda facts: facts(term) > value,
        ">=": lambda facts: facts(term) >= value,
    }
    return tests[operator]


def _contains(term: str, value: str) -> Test:
    """Names match by the beginning of words alone: "The contains operator only performs prefix matching for a
    name term": HelloWorld is found by Hello, not by World. MIME types by their beginning."""
    low = value.lower()
    if term == "mimeType":
        return lambda facts: facts(term).lower().startswith(low)
    starts = re.compile(r"(?:^|(?<=[\W_]))" + re.escape(low))
    return lambda facts: starts.search(facts(term).lower()) is not None
