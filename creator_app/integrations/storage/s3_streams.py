"""Files on their way to and from an S3 server, a piece at a time."""

import hashlib
import io
from collections.abc import Iterator

import urllib3

from creator_app.integrations.storage.base import CHUNK_BYTES, ByteStream, pieces
from creator_app.integrations.storage.s3_errors import told


class Source(io.RawIOBase):
    """A stream as the client wants to read it; counts and hashes what goes by, and keeps its error."""

    def __init__(self, stream: ByteStream) -> None:
        self._pieces = pieces(stream)
        self._rest = b""
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: BaseException | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """As many bytes as were asked for; fewer only at the end.

        The client joins what it gets bit by bit, and would copy a part again with each bit.
        """
        gathered = [self._rest]
        missing = size - len(self._rest)
        while size < 0 or missing > 0:
            piece = self._next()
            if not piece:
                break
            gathered.append(piece)
            missing -= len(piece)
        data = b"".join(gathered)
        taken, self._rest = (data, b"") if size < 0 or len(data) <= size else (data[:size], data[size:])
        self.digest.update(taken)
        self.size += len(taken)
        return taken

    def _next(self) -> bytes:
        try:
            return next((piece for piece in self._pieces if piece), b"")
        except BaseException as error:
            self.error = error
            raise


def received(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The bytes of an answer; its connection is given back when they end or nobody wants more.

    Raises:
        StorageError: it broke off before its end.
    """
    try:
        with told():
            yield from answer.stream(CHUNK_BYTES)
    finally:
        answer.close()
        answer.release_conn()
