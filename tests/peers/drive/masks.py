"""The ``fields`` parameter: ``files(id,name,owners/emailAddress),nextPageToken``.

Source: "Return specific fields" and "Improve performance" (partial responses): names divided by commas,
``a/b`` or ``a(b,c)`` for what is inside, ``*`` for all. A name that isn't in the schema is an error.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from .discovery import Schema, schema
from .errors import invalid

Mask = dict[str, Any]
_TOKEN = re.compile(r"\s*([A-Za-z_$.]\w*|[*(),/])\s*")

#: What comes without ``fields`` ("Return specific fields"; the methods' references). Shared drives' items add
#: driveId and teamDriveId.
_FILE = "kind,id,name,mimeType,resourceKey,driveId,teamDriveId"
DEFAULTS = {
    "File": _FILE,
    "FileList": f"kind,incompleteSearch,nextPageToken,files({_FILE})",
    "ChangeList": "kind,nextPageToken,newStartPageToken,"
    f"changes(kind,type,changeType,time,removed,fileId,driveId,file({_FILE}),drive(kind,id,name))",
    "Drive": "kind,id,name",
    "DriveList": "kind,nextPageToken,drives(kind,id,name)",
}


def apply(fields: str | None, response: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the mask leaves of an answer.

    Raises:
        ApiError: 400 ``invalidParameter`` for a mask that can't be read or names what isn't there.
    """
    mask = _checked(fields or DEFAULTS.get(response, "*"), response)
    picked: dict[str, Any] = _pick(mask, data)
    return picked


@cache
def _checked(text: str, response: str) -> Mask:
    mask = parse(text)
    _check(mask, schema(response))
    return mask


def parse(text: str) -> Mask:
    """A mask as nested dicts; an empty one stands for all below."""
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _wrong(text)
        tokens.append(match[1])
        position = match.end()
    mask, rest = _list(tokens, text)
    if rest or not mask:
        raise _wrong(text)
    return mask


def _list(tokens: list[str], text: str) -> tuple[Mask, list[str]]:
    mask: Mask = {}
    while True:
        name, inner, tokens = _path(tokens, text)
        mask[name] = {**mask.get(name, {}), **inner} if inner and mask.get(name, True) else inner
        if not tokens or tokens[0] != ",":
            return mask, tokens
        tokens = tokens[1:]


def _path(tokens: list[str], text: str) -> tuple[str, Mask, list[str]]:
    if not tokens or tokens[0] in "(),/":
        raise _wrong(text)
    name, tokens = tokens[0], tokens[1:]
    if tokens[:1] == ["/"]:
        inner_name, inner, rest = _path(tokens[1:], text)
        return name, {inner_name: inner}, rest
    if tokens[:1] == ["("]:
        inner, rest = _list(tokens[1:], text)
        if rest[:1] != [")"]:
            raise _wrong(text)
        return name, inner, rest[1:]
    return name, {}, tokens


def _wrong(text: str) -> Exception:
    return invalid(f"Invalid field selection {text}", "fields", reason="invalidParameter")


def _check(mask: Mask, told: Schema) -> None:
    while "$ref" in told or told.get("type") == "array":
        told = schema(told["$ref"]) if "$ref" in told else told["items"]
    for name, inner in mask.items():
        if "properties" not in told:
            if "additionalProperties" in told and not inner:
                continue
            raise _wrong(name)
        if name == "*":
            for one in told["properties"].values() if inner else ():
                _check(inner, one)
        elif name not in told["properties"]:
            raise _wrong(name)
        elif inner:
            _check(inner, told["properties"][name])


def _pick(mask: Mask, data: Any) -> Any:
    if not mask:
        return data
    if isinstance(data, list):
        return [_pick(mask, one) for one in data]
    if "*" in mask:
        return {name: _pick(mask["*"], value) for name, value in data.items()}
    return {name: _pick(mask[name], value) for name, value in data.items() if name in mask}
