"""Takes the multipart body of a submission off the wire: counted as it comes, big files on disk, unverified.

The caller is known before the first byte is read. What the pictures are is for `creator_app.services.intake`
to say.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from creator_app.errors import InvalidInput, TooLarge
from creator_app.services.pictures import about_file, safe_filename, too_big

MAX_FILES = 8
_ROOM_FOR_FIELDS = 1_000_000
# A browser that is still sending hears an answer only after it has been let finish; beyond this it is cut
# off.
_READ_AWAY = 300_000_000


@dataclass(frozen=True)
class Form:
    """A submission as it was sent.

    Attributes:
        recipe: its slug.
        values: the inputs that are not files.
        files: open streams and file names by input name; they close with the request.
    """

    recipe: str
    values: dict[str, Any]
    files: dict[str, tuple[BinaryIO, str]]


@asynccontextmanager
async def read_form(request: Request, max_file_bytes: int) -> AsyncGenerator[Form]:
    """Reads a submission; its files live as long as the context.

    Raises:
        InvalidInput: it is not multipart, or a part is missing or unreadable.
        TooLarge: a file has ``max_file_bytes`` or more.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidInput(
            "A job is sent as multipart/form-data.",
            hint="Parts: recipe, inputs (a JSON object), and each picture under its input's name.",
        )
    parsed = await _parse(request, max_file_bytes)
    try:
        yield _form(parsed)
    finally:
        await parsed.close()


class _Parser(MultiPartParser):
    """Starlette's parser, with a limit on each file: a lying Content-Length does not help."""

    max_file_bytes = 0
    _part: object = None
    _size = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._current_part
        if part is not self._part:
            self._part, self._size = part, 0
        self._size += end - start
        if part.file is not None and self._size >= self.max_file_bytes:
            name = safe_filename(part.file.filename or part.field_name)
            raise about_file(too_big(self.max_file_bytes), name, part.field_name)
        super().on_part_data(data, start, end)


async def _parse(request: Request, max_file_bytes: int) -> FormData:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_file_bytes * MAX_FILES + _ROOM_FOR_FIELDS:
        raise too_big(max_file_bytes)
    stream = request.stream()
    parser = _Parser(request.headers, stream, max_files=MAX_FILES, max_fields=20)
    parser.max_file_bytes = max_file_bytes
    try:
        return await parser.parse()
    except TooLarge:
        await _read_away(stream)
        raise
    except ClientDisconnect as error:
        raise InvalidInput("The upload broke off.", hint="Send it again.") from error
    except MultiPartException as error:
        await _read_away(stream)
        raise InvalidInput(
            f"The upload can't be read: {error.message}", hint="Send each picture as a file part of its own."
        ) from error


async def _read_away(stream: AsyncGenerator[bytes, None]) -> None:
    size = 0
    try:
        async for chunk in stream:
            size += len(chunk)
            if size > _READ_AWAY:
                return
    except (ClientDisconnect, RuntimeError):
        return  # gone, or already read to its end


def _form(parsed: FormData) -> Form:
    recipe = _text(parsed, "recipe")
    if not recipe:
        raise InvalidInput(
            "No recipe was named.",
            hint="GET /api/v1/recipes lists them.",
            fields={"recipe": "Name a recipe."},
        )
    files: dict[str, tuple[BinaryIO, str]] = {}
    for name, part in parsed.multi_items():
        if not isinstance(part, UploadFile):
            _check_known(name)
            continue
        if name in files or name in ("recipe", "inputs"):
            sentence = "Only one file fits here."
            raise InvalidInput(sentence, hint="Send a job for each picture.", fields={name: sentence})
        files[name] = (part.file, part.filename or name)
    return Form(recipe, _values(parsed), files)


def _check_known(name: str) -> None:
    if name not in ("recipe", "inputs"):
        sentence = "This is no part of a job: settings go into the part inputs, as a JSON object."
        hint = f'For example: inputs={{"{name[:40]}": …}}'
        raise InvalidInput(sentence, hint=hint, fields={name[:64]: sentence})


def _text(parsed: Mapping[str, Any], name: str) -> str:
    part = parsed.get(name)
    return part.strip() if isinstance(part, str) else ""


def _values(parsed: Mapping[str, Any]) -> dict[str, Any]:
    text = _text(parsed, "inputs")
    try:
        values = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        sentence = "The inputs must be a JSON object."
        raise InvalidInput(sentence, hint='For example: {"sharpness": 0.5}', fields={"inputs": sentence})
    return values
