"""What an S3 address says: which server and bucket, how to encrypt, and where browsers reach it."""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from minio.sse import Sse, SseKMS, SseS3

_NO: Final = ("0", "false", "no")
_REGION: Final = "us-east-1"


@dataclass(frozen=True)
class S3Address:
    """A STORAGE_URL of the kind ``s3://key:secret@host:port/bucket?…``, taken apart.

    Attributes:
        bucket: its name.
        client: what the client is made with.
        public: the server as browsers reach it, ``http(s)://host[:port]``; empty where they don't.
        encryption: what the server is asked to do with each file: "", ``s3`` or ``kms:KEYID``.
    """

    bucket: str
    client: dict[str, Any] = field(repr=False)
    public: str = ""
    encryption: str = ""

    @property
    def public_client(self) -> dict[str, Any]:
        """What a client is made with that writes addresses for browsers; it is never connected."""
        parts = urlsplit(self.public)
        return {**self.client, "endpoint": parts.netloc, "secure": parts.scheme == "https"}

    @property
    def sse(self) -> Sse | None:
        """What goes along with each file."""
        kind, _, key_id = self.encryption.partition(":")
        if kind == "kms":
            return SseKMS(key_id, {})
        return SseS3() if kind == "s3" else None


def s3_address(url: str) -> S3Address:
    """Takes an address apart that `creator_app.config.checks.storage_url` has passed."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host = parts.hostname or ""
    client = {
        "endpoint": parts.netloc.rpartition("@")[2],
        "access_key": unquote(parts.username or ""),
        "secret_key": unquote(parts.password or ""),
        "secure": query.get("secure", "1") not in _NO,
        # Without one, the client asks the server for it before each first use of a bucket. Amazon's
        # servers have theirs in the name, and the client reads it there.
        "region": query.get("region") or (None if host.endswith(".amazonaws.com") else _REGION),
    }
    public = query.get("public", "").rstrip("/")
    return S3Address(parts.path.strip("/"), client, public, query.get("sse", ""))
