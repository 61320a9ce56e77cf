"""Small bodies, as JSON or as a form of a page."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Message

from creator_app.errors import InvalidInput, TooLarge

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MAX_BYTES = 64 * 1024
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")

Model = TypeVar("Model", bound=BaseModel)


def is_form(request: Request) -> bool:
    """Whether the body is a form's."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower() in _FORMS


def wants_page(request: Request) -> bool:
    """Whether a page's form sent this, so that the answer must be a page."""
    return is_form(request) and "application/json" not in request.headers.get("accept", "")


_NO_UUID = frozenset({"uuid_parsing", "uuid_type", "uuid_version"})
_NO_ID = "This is not an id: ids look like 01a20920-da44-738d-a379-8b0cf341e15c, and are copied whole."


def local_path(wanted: object, otherwise: str) -> str:
    """``wanted`` if it is a path on this site, else ``otherwise``: nobody is sent elsewhere after a login."""
    return wanted if isinstance(wanted, str) and _LOCAL.fullmatch(wanted) else otherwise


async def read_small(request: Request, model: type[Model]) -> Model:
    """Reads a body as JSON or as a form.

    Raises:
        InvalidInput: it is neither, or fields are missing or wrong; names them.
        TooLarge: it is no small one.
    """
    raw = await _read(request)
    content = await _form(request, raw) if is_form(request) else _json(raw)
    # Where a page goes next is kept even if the rest is wrong: the way back to the form carries it along.
    request.scope["creator.next"] = content.get("next")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fields = in_words(error.errors())
        raise InvalidInput(
            " ".join(fields.values()), hint="Check the fields named.", fields=fields
        ) from error


def in_words(problems: Sequence[Any]) -> dict[str, str]:
    """What is wrong with each field, from pydantic's problems."""
    return {
        _name(problem["loc"]): _NO_ID if problem["type"] in _NO_UUID else _capital(str(problem["msg"]))
        for problem in problems
    }


async def _form(request: Request, raw: bytes) -> dict[str, Any]:
    async def replay() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async with Request(request.scope, replay).form(max_files=0, max_fields=20) as form:
        return {name: value for name, value in form.items() if value != ""}


def _json(raw: bytes) -> dict[str, Any]:
    try:
        content = json.loads(raw) if raw.strip() else {}
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            "The body is not JSON.", hint="Send a JSON object, with its content type."
        ) from error
    if not isinstance(content, dict):
        raise InvalidInput("The body must be a JSON object.", hint="See /api/docs for its fields.")
    return content


async def _read(request: Request) -> bytes:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MAX_BYTES:
            raise TooLarge("This request is too large.", hint="Send pictures as files of POST /api/v1/jobs.")
    return raw


def _name(where: Sequence[Any]) -> str:
    names = [str(part) for part in where if part not in ("body", "query", "path", "header", "cookie")]
    return ".".join(names) or "body"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def documented(model: type[BaseModel], *, form: bool = False) -> dict[str, Any]:
    """The description of a body that a route reads itself with `read_small`."""
    kinds = ["application/json", *([_FORMS[0]] if form else [])]
    schema = model.model_json_schema()
    return {"requestBody": {"content": {kind: {"schema": schema} for kind in kinds}}}
