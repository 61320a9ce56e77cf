"""Google's own description of the API, as google-api-python-client bundles it: paths, parameters, bodies,
scopes.

Calls are checked against it, so that a client can't send here what Google would refuse.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import googleapiclient.discovery_cache

from .errors import ApiError, invalid, not_writable

Schema = Mapping[str, Any]


@cache
def document() -> dict[str, Any]:
    folder = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
    found: dict[str, Any] = json.loads((folder / "drive.v3.json").read_text())
    return found


def client_document(url: str) -> dict[str, Any]:
    """The document for ``googleapiclient.discovery.build_from_document``, leading to another server."""
    return document() | {"rootUrl": url.rstrip("/") + "/", "baseUrl": url.rstrip("/") + "/drive/v3/"}


@dataclass(frozen=True)
class Method:
    """A method of the API, such as ``files.list``."""

    name: str
    verb: str
    path: re.Pattern[str]
    has_upload: bool
    has_download: bool
    params: Mapping[str, Schema]
    request: str | None
    response: str | None
    scopes: frozenset[str]


@cache
def methods() -> tuple[Method, ...]:
    """Every method; those with fixed paths first, as ``files/generateIds`` is no file's id."""
    found = [_method(one) for one in _all_methods(document())]
    return tuple(sorted(found, key=lambda one: one.path.groups))


def _all_methods(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inner = [one for resource in part.get("resources", {}).values() for one in _all_methods(resource)]
    return [*part.get("methods", {}).values(), *inner]


def _method(told: Mapping[str, Any]) -> Method:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", told["path"])
    return Method(
        name=told["id"].removeprefix("drive."),
        verb=told["httpMethod"],
        path=re.compile(pattern),
        has_upload="mediaUpload" in told,
        has_download=told.get("supportsMediaDownload", False),
        params=document()["parameters"] | told.get("parameters", {}),
        request=told.get("request", {}).get("$ref"),
        response=told.get("response", {}).get("$ref"),
        scopes=frozenset(told.get("scopes", ())),
    )


def find(verb: str, path: str, *, upload: bool = False) -> tuple[Method, dict[str, str]] | None:
    """The method that a path under ``drive/v3/`` names, and the values in it."""
    for method in methods():
        match = method.path.fullmatch(path)
        if match and method.verb == verb and (method.has_upload or not upload):
            return method, match.groupdict()
    return None


def schema(name: str) -> Schema:
    found: Schema = document()["schemas"][name]
    return found


# query parameters


def read_params(method: Method, query: list[tuple[str, str]], *, upload: bool) -> dict[str, Any]:
    """The parameters of a call as Python values, with the document's defaults.

    Raises:
        ApiError: 400 for one that is unknown, missing, or of a wrong kind.
    """
    values = {name: one["default"] for name, one in method.params.items() if "default" in one}
    for name, text in query:
        if upload and name == "upload_id":
            continue
        if name not in method.params or method.params[name].get("location") == "path":
            raise _unknown_param(name)
        values[name] = text
    for name, one in method.params.items():
        if one.get("required") and one["location"] == "query" and name not in values:
            raise ApiError(400, "required", f"Required parameter: {name}", location=name)
    return {name: _value(name, text, method.params[name]) for name, text in values.items()}


def _unknown_param(name: str) -> ApiError:
    return ApiError(
        400,
        "badRequest",
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
        f" Field '{name}' could not be found in request message.",
    )


def _value(name: str, text: str, told: Schema) -> Any:
    if told["type"] == "boolean":
        if text not in ("true", "false"):
            raise invalid(f"Invalid value for boolean: {text}", name, reason="invalidParameter")
        return text == "true"
    if told["type"] == "integer":
        return _integer(name, text, told)
    if "enum" in told and text not in told["enum"]:
        raise invalid(f"Invalid value '{text}'", name, reason="invalidParameter")
    return text


def _integer(name: str, text: str, told: Schema) -> int:
    """ "Values above 1000 will be coerced to 1000" (pageSize); smaller ones are refused."""
    if not re.fullmatch(r"-?\d+", text):
        raise invalid(f"Invalid value for integer: {text}", name, reason="invalidParameter")
    least, most = int(told.get("minimum", 0)), int(told.get("maximum", 2**31 - 1))
    if int(text) < least:
        said = f"Invalid value '{text}'. Values must be within the range: [{least}, {most}]"
        raise invalid(said, name, reason="invalidParameter")
    return min(int(text), most)


# bodies


def check_body(name: str, body: Any) -> dict[str, Any]:
    """The body, if all of its fields are in the schema, of the right kind, and may be written.

    Raises:
        ApiError: 400 for unknown fields or wrong kinds, 403 ``fieldNotWritable`` for what only Google writes.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "Parse Error")
    _check_object(schema(name)["properties"], body, "")
    return body


def _check_object(properties: Schema, body: Mapping[str, Any], at: str) -> None:
    for key, value in body.items():
        if key not in properties:
            where = f" at '{at}'" if at else ""
            said = f'Invalid JSON payload received. Unknown name "{key}"{where}: Cannot find field.'
            raise ApiError(400, "badRequest", said)
        told = properties[key]
        if str(told.get("description", "")).startswith("Output only."):
            raise not_writable("The resource body includes fields which are not directly writable.")
        if value is not None:
            _check_value(told, value, f"{at}.{key}".strip("."))


_KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def _check_value(told: Schema, value: Any, at: str) -> None:
    if "$ref" in told:
        told = schema(told["$ref"])
    kind = told.get("type", "object")
    # 64-bit numbers are strings in JSON, yet numbers are taken as well.
    fine = isinstance(value, _KINDS[kind]) or (told.get("format") == "int64" and isinstance(value, int))
    if not fine:
        raise ApiError(400, "badRequest", f"Invalid value at '{at}' ({kind}), {json.dumps(value)}")
    if kind == "array":
        for one in value:
            _check_value(told["items"], one, at)
    elif kind == "object" and "properties" in told:
        _check_object(told["properties"], value, at)
    elif kind == "object" and "additionalProperties" in told:
        for key, one in value.items():
            if one is not None:
                _check_value(told["additionalProperties"], one, f"{at}.{key}")
