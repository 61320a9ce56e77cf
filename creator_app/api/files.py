"""Answers with files out of storage: ranges, revalidation, safe names, and nothing a browser would run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from creator_app.integrations.storage import Storage
from creator_app.integrations.storage.disposition import disposition

# What a browser may show by itself. Anything else, HTML and SVG above all, is only ever downloaded.
_SHOWN = re.compile(
    r"(image/(png|jpeg|webp|gif|avif|bmp|tiff)|video/(mp4|webm)|audio/(mpeg|ogg|wav|flac|mp4|webm))"
)
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Up to this size a file goes out in one piece: quicker than handing chunks from thread to loop.
_ONE_PIECE = 2 * 2**20
# How long an address at the storage's server is good, in seconds: enough to begin a download.
_DIRECT_S = 60


@dataclass(frozen=True)
class StoredFile:
    """A file to answer with.

    Attributes:
        key: where it lies.
        size: in bytes.
        tag: changes when the content does.
    """

    key: str
    size: int
    content_type: str
    filename: str
    tag: str


def answer(
    request: Request, storage: Storage, file: StoredFile, *, download: bool = False, direct: bool = False
) -> Response:
    """Answers with a file or the range of it that was asked for. Blocks; call it in a thread.

    Args:
        request: which range, and what is known already.
        storage: where the file lies.
        file: what is known of it.
        download: saves it under its name, even if a browser could show it.
        direct: sends the asker to the storage's own server, where browsers can reach that.
    """
    headers = _headers(file, download)
    if file.tag and request.headers.get("if-none-match", "") in (headers["ETag"], "*"):
        return Response(status_code=304, headers=headers)
    if direct and (redirect := _redirect(request, storage, file, download)):
        return redirect
    start, end, status = _span(request, file)
    if status == 416:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{file.size}"})
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    media_type = file.content_type if _shown(file) else "application/octet-stream"
    if request.method == "HEAD":
        return Response(
            status_code=status, headers=headers | {"Content-Length": str(end - start)}, media_type=media_type
        )
    return _body(storage, file, start, end, status, headers, media_type)


def _redirect(request: Request, storage: Storage, file: StoredFile, download: bool) -> Response | None:
    """To the storage's own server, which says what we tell it to: type and disposition are signed.

    HEAD is answered here: an address is signed for one method.
    """
    if request.method != "GET":
        return None
    shown = _shown(file)
    address = storage.direct_url(
        file.key,
        _DIRECT_S,
        content_type=file.content_type if shown else "application/octet-stream",
        disposition=disposition(file.filename, inline=shown and not download),
    )
    if address is None:
        return None
    # Never kept: the next one who asks may not be allowed to have it.
    headers = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(address, 307, headers)


def _shown(file: StoredFile) -> bool:
    return _SHOWN.fullmatch(file.content_type) is not None


def _headers(file: StoredFile, download: bool) -> dict[str, str]:
    shown = _shown(file)
    return {
        "ETag": f'"{file.tag}"',
        "Accept-Ranges": "bytes",
        # Asked again each time, so that a logout or a deletion counts at once; unchanged files cost a 304.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(file.filename, inline=shown and not download),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _span(request: Request, file: StoredFile) -> tuple[int, int, int]:
    """First byte, the one after the last, status. Several ranges get the whole file (RFC 9110 14.2)."""
    whole = (0, file.size, 200)
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if found is None or found.groups() == ("", ""):
        return whole
    if request.headers.get("if-range", f'"{file.tag}"') != f'"{file.tag}"':
        return whole
    first, last = found.groups()
    if not first:
        start, end = max(0, file.size - int(last)), file.size
    else:
        start, end = int(first), min(int(last) + 1 if last else file.size, file.size)
        if last and int(last) < start:
            return whole
    return (start, end, 206) if start < end else (0, 0, 416)


def _body(
    storage: Storage,
    file: StoredFile,
    start: int,
    end: int,
    status: int,
    headers: dict[str, str],
    media_type: str,
) -> Response:
    chunks: Iterator[bytes] = storage.open(file.key, start, end)
    if end - start <= _ONE_PIECE:
        return Response(b"".join(chunks), status, headers, media_type)
    length = {"Content-Length": str(end - start)}
    return StreamingResponse(chunks, status, headers | length, media_type)
