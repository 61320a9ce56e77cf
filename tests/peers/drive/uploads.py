"""Uploads: simple, multipart and resumable.

Source: "Upload file data": sessions live for a week and answer 404 afterwards; 308 with ``Range`` says what
has arrived, without ``Range`` that nothing has; ``Content-Range: bytes */N`` asks; every chunk but the last
is a multiple of 256 KiB; whoever asks for a finished upload gets the file.
"""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from .blobs import Stored, Writer
from .calls import Call
from .errors import ApiError, bad_request, storage_full
from .store import Store

UNIT = 256 * 1024
SESSION_S = 7 * 86400
#: What a multipart body may be ("Upload file data" advises 5 MB at most; Google takes more).
MULTIPART_BYTES = 64 * 1024 * 1024


@dataclass
class Session:
    """A resumable upload. Bytes are kept in whole units: the rest of a broken chunk is lost."""

    id: str
    call: Call
    writer: Writer
    expires: datetime
    total: int | None = None
    rest: bytearray = field(default_factory=bytearray)
    answer: dict[str, Any] | None = None
    #: one request at a time, also where a client gave up waiting and asks anew
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def take(self, data: bytes) -> None:
        self.rest += data
        whole = len(self.rest) // UNIT * UNIT
        if whole:
            self.writer.write(bytes(self.rest[:whole]))
            del self.rest[:whole]

    def finish(self) -> Stored:
        self.writer.write(bytes(self.rest))
        self.rest.clear()
        return self.writer.finish()


class Uploads:
    """Open sessions.

    Attributes:
        gone_status: what a session that ended answers: 404 ("Upload file data"), or 410.
    """

    def __init__(self, store: Store) -> None:
        self.store, self.gone_status = store, 404
        self.sessions: dict[str, Session] = {}

    def open(self, call: Call, total: int | None) -> Session:
        ends = self.store.clock.now() + timedelta(seconds=SESSION_S)
        session = Session("AB" + secrets.token_urlsafe(32), call, self.store.blobs.writer(), ends, total)
        self.sessions[session.id] = session
        return session

    def find(self, session_id: str) -> Session:
        """Raises: ApiError: 404 or 410 for one that is unknown or has ended."""
        session = self.sessions.get(session_id)
        if session is None or session.expires < self.store.clock.now():
            raise ApiError(self.gone_status, "notFound", "Upload session not found or expired.")
        return session

    def expire(self, status: int = 404) -> None:
        """Ends all sessions at once."""
        self.gone_status = status
        for session in self.sessions.values():
            session.writer.discard()
        self.sessions.clear()


def check_room(call: Call, size: int) -> None:
    """Refuses a content that wouldn't fit before it is sent."""
    limit = call.viewer.user.limit
    if limit is not None and call.store.used_bytes(call.viewer.user) + size > limit:
        raise storage_full()


@dataclass(frozen=True)
class Chunk:
    """A ``Content-Range``: ``start`` is ``None`` where it only asks, ``total`` where it isn't known yet."""

    start: int | None
    stop: int
    total: int | None


def read_chunk(request: Request, session: Session) -> Chunk:
    """Without the header, the body is the whole content."""
    header, length = request.headers.get("content-range"), request.headers.get("content-length")
    if header is None:
        size = int(length) if length else session.total
        return Chunk(0, size or 0, size)
    match = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", header)
    if match is None:
        raise bad_request(f"Failed to parse Content-Range header: {header}")
    first, last, total = match.groups()
    whole = int(total) if total != "*" else None
    return Chunk(int(first) if first else None, int(last) + 1 if last else 0, whole)


async def receive(request: Request, session: Session, chunk: Chunk) -> bool:
    """Takes a chunk in; true when the content is complete.

    Raises:
        ApiError: 400 for a chunk of a wrong length or at a wrong place.
        ClientDisconnect: the connection broke; whole units are kept.
    """
    start, have = chunk.start or 0, session.writer.size
    if start > have:
        raise bad_request(
            f"Invalid request. According to the Content-Range header, the upload offset is {start} byte(s),"
            f" which exceeds already uploaded size of {have} byte(s)."
        )
    session.total = chunk.total if chunk.total is not None else session.total
    is_last = chunk.total is not None and chunk.stop == chunk.total
    if not is_last and (chunk.stop - start) % UNIT:
        raise bad_request(
            f"Invalid request. The number of bytes uploaded is required to be a multiple of {UNIT}, except"
            f" for the final request. The received request contained {chunk.stop - start} bytes."
        )
    got = await _read_body(request, session, skip=have - start)
    if got != chunk.stop - start:
        session.rest.clear()
        raise bad_request(
            f"Invalid request. There were {got} byte(s) in the request body. There should have been"
            f" {chunk.stop - start} byte(s) according to the Content-Range header."
        )
    return is_last


async def _read_body(request: Request, session: Session, skip: int) -> int:
    got = 0
    try:
        async for data in request.stream():
            fresh = data[max(0, skip - got) :] if skip > got else data
            got += len(data)
            session.take(fresh)
    except ClientDisconnect:
        session.rest.clear()
        raise
    return got


def progress(session: Session) -> Response:
    """308 Resume Incomplete, with what has arrived."""
    headers = {"Content-Length": "0", "X-GUploader-UploadID": session.id}
    if session.writer.size:
        headers["Range"] = f"bytes=0-{session.writer.size - 1}"
    return Response(status_code=308, headers=headers)


def split_multipart(content_type: str, body: bytes) -> tuple[bytes, str, bytes]:
    """The JSON, the content's type and the content of a ``multipart/related`` body (RFC 2387)."""
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None or not content_type.startswith("multipart/related"):
        raise bad_request("Missing end boundary in multipart body.")
    mark = b"--" + match[1].encode()
    # Clients end lines as they like, but all in the same way: the content may end with a carriage return.
    newline = b"\r\n" if body[body.find(mark) + len(mark) :].startswith(b"\r\n") else b"\n"
    parts = (newline + body).split(newline + mark)
    inner = [_part(one) for one in parts[1:] if not one.startswith(b"--")]
    if len(inner) != 2:
        raise bad_request("Failed to parse multipart body: expected two parts.")
    (kind, told), (content_kind, content) = inner
    if not kind.startswith("application/json"):
        raise bad_request("The first part of a multipart body must be JSON.")
    return told, content_kind, content


def _part(data: bytes) -> tuple[str, bytes]:
    head, _, content = re.split(rb"(\r?\n\r?\n)", data, maxsplit=1)
    match = re.search(rb"(?im)^content-type:\s*([^\r\n]+)", head)
    return (match[1].decode().strip() if match else "application/octet-stream"), content
