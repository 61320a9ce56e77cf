"""Small bodies, as JSON or as a form of a page."""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from creator_app.errors import InvalidInput

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")

Model = TypeVar("Model", bound=BaseModel)


def is_form(request: Request) -> bool:
    """Whether the body is a form's."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower() in _FORMS


def wants_page(request: Request) -> bool:
    """Whether a page's form sent this, so that the answer must be a page."""
    return is_form(request) and "application/json" not in request.headers.get("accept", "")


def local_path(wanted: object, otherwise: str) -> str:
    """``wanted`` if it is a path on this site, else ``otherwise``: nobody is sent elsewhere after a login."""
    return wanted if isinstance(wanted, str) and _LOCAL.fullmatch(wanted) else otherwise


async def read_small(request: Request, model: type[Model]) -> Model:
    """Reads a body as JSON or as a form.

    Raises:
        InvalidInput: it is neither, or fields are missing or wrong; names them.
    """
    content = await _form(request) if is_form(request) else await _json(request)
    # Where a page goes next is kept even if the rest is wrong: the way back to the form carries it along.
    request.scope["creator.next"] = content.get("next")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        from creator_app.api.errors import in_words

        fields = in_words(error.errors())
        raise InvalidInput(
            " ".join(fields.values()), hint="Check the fields named.", fields=fields
        ) from error


def in_words(problems: Sequence[Any]) -> dict[str, str]:
    """What is wrong with each field, from pydantic's problems."""
    return {_name(problem["loc"]): _capital(str(problem["msg"])) for problem in problems}


async def _form(request: Request) -> dict[str, Any]:
    async with request.form(max_files=0, max_fields=20) as form:
        return {name: value for name, value in form.items() if value != ""}


async def _json(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        content = json.loads(raw) if raw.strip() else {}
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidInput(
            "The body is not JSON.", hint="Send a JSON object, with its content type."
        ) from error
    if not isinstance(content, dict):
        raise InvalidInput(
            "The body must be a JSON object.", hint='For example: {"email": "…", "password": "…"}'
        )
    return content


def _name(where: Sequence[Any]) -> str:
    names = [str(part) for part in where if part not in ("body", "query", "path", "header", "cookie")]
    return ".".join(names) or "body"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
