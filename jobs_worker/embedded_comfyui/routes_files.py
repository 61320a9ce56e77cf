"""Routes for files: uploads and /view."""

from __future__ import annotations

import asyncio
import io
import json
import mimetypes
from pathlib import Path
from typing import Any

from aiohttp import web
from PIL import Image

from .folders import Folders, OutsideError, inside, split_annotation
from .uploads import store

_SCRIPT_TYPES = ("text/html", "text/html-sandboxed", "application/xhtml+xml", "text/javascript", "text/css")


class FileRoutes:
    """/upload/image, /upload/mask, /view."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/upload/image", self.upload),
            web.post("/upload/mask", self.upload_mask),
            web.get("/upload/{kind}", self.no_such_page),
            web.get("/view", self.view),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        fields = await request.post()
        image = fields.get("image")
        return await self._store(fields, image, getattr(image, "file", None))

    async def upload_mask(self, request: web.Request) -> web.Response:
        fields = await request.post()
        image = fields.get("image")
        reference = json.loads(str(fields["original_ref"]))
        original = self._find(
            reference.get("filename", ""), reference.get("type", "output"), reference.get("subfolder")
        )
        if isinstance(original, int) or not isinstance(image, web.FileField):
            return web.Response(status=original if isinstance(original, int) else 400)
        merged = await asyncio.to_thread(_with_mask, original, image.file)
        return await self._store(fields, image, merged)

    async def _store(self, fields: Any, image: Any, stream: Any) -> web.Response:
        if not image:
            return web.Response(status=400)
        if not isinstance(image, web.FileField):
            raise TypeError("the field has no file")
        kind, subfolder = str(fields.get("type", "input")), str(fields.get("subfolder", ""))
        overwrite = fields.get("overwrite") in ("true", "1")
        if not image.filename:
            return web.Response(status=400)
        try:
            name = await asyncio.to_thread(
                store, self._folders, stream, image.filename, kind, subfolder, overwrite
            )
        except OutsideError:
            return web.Response(status=400)
        return web.json_response({"name": name, "subfolder": subfolder, "type": kind})

    async def no_such_page(self, request: web.Request) -> web.Response:
        return web.Response(status=404)

    async def view(self, request: web.Request) -> web.StreamResponse:
        if "filename" not in request.query:
            return web.Response(status=404)
        query = request.query
        found = self._find(query["filename"], query.get("type", "output"), query.get("subfolder"))
        if isinstance(found, int):
            return web.Response(status=found)
        headers = {"Content-Disposition": f'filename="{found.name}"'}
        if "preview" in query:
            body, kind = await asyncio.to_thread(_preview, found, query["preview"], query.get("channel", ""))
            return web.Response(body=body, content_type=kind, headers=headers)
        if query.get("channel") in ("rgb", "a"):
            body = await asyncio.to_thread(_channel, found, query["channel"])
            return web.Response(body=body, content_type="image/png", headers=headers)
        kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
        # A page or script from the engine's address could call the engine.
        kind = "application/octet-stream" if kind in _SCRIPT_TYPES else kind
        return web.FileResponse(found, headers={**headers, "Content-Type": kind})

    def _find(self, name: str, kind: str, subfolder: str | None) -> Path | int:
        """The file, or the status to answer."""
        name, kind = split_annotation(name, kind)
        if not name or name.startswith("/") or ".." in name:
            return 400
        root = self._folders.of(kind)
        if root is None:
            return 400
        try:
            folder = inside(root, subfolder or "")
            path = inside(root, str(folder / Path(name).name))
            return path if path.is_file() else 404
        except OutsideError:
            return 403
        except (OSError, ValueError):
            return 404


def _preview(path: Path, wanted: str, channel: str) -> tuple[bytes, str]:
    parts = wanted.split(";")
    file_format = parts[0] if parts[0] in ("webp", "jpeg") and "a" not in channel else "webp"
    quality = int(parts[-1]) if parts[-1].isdigit() else 90
    if not 0 <= quality <= 100:
        raise ValueError("quality is over 100")
    with Image.open(path) as picture:
        wants_rgb = file_format == "jpeg" or "a" not in channel
        buffer = io.BytesIO()
        (picture.convert("RGB") if wants_rgb else picture).save(buffer, format=file_format, quality=quality)
    return buffer.getvalue(), f"image/{file_format}"


def _channel(path: Path, channel: str) -> bytes:
    with Image.open(path) as picture:
        if channel == "rgb":
            result = picture.convert("RGB")
        else:
            result = Image.new("RGBA", picture.size)
            alpha = picture.convert("RGBA").getchannel("A") if "A" in picture.getbands() else 255
            result.putalpha(alpha)
    buffer = io.BytesIO()
    result.save(buffer, format="PNG")
    return buffer.getvalue()


def _with_mask(original: Path, mask: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    with Image.open(original) as picture, Image.open(mask) as drawn:
        result = picture.convert("RGBA")
        result.putalpha(drawn.convert("RGBA").getchannel("A").resize(result.size))
        result.save(buffer, format="PNG", compress_level=4)
    buffer.seek(0)
    return buffer
