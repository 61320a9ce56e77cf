"""Rules for single values: each raises ``ValueError`` with the end of a sentence that begins with the name.

An empty text is "not set" and passes.
"""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

_RATE: Final = re.compile(r"[1-9]\d{0,6}\s*(/|per)\s*([1-9]\d{0,3}\s*)?(second|minute|hour|day)s?")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_OPTIONS: Final = frozenset({"secure", "region", "public", "sse"})
_ENCRYPTION: Final = re.compile(r"s3|kms:[\x21-\x7e]+")
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def list_of(value: object) -> object:
    """A comma-separated text as a list, without empty entries."""
    if isinstance(value, str):
        return [entry.strip() for entry in value.split(",") if entry.strip()]
    return value


def log_level(value: str) -> str:
    """The name of a log level, in capitals."""
    if value.upper() not in _LEVELS:
        raise ValueError(f"must be one of {', '.join(_LEVELS)}")
    return value.upper()


def rate(value: str) -> str:
    """So many in a time: ``100/second``, ``600 per minute``."""
    if not _RATE.fullmatch(value.strip().lower()):
        raise ValueError("must look like 100/second")
    return value.strip().lower()


def watch_dir(value: str) -> str:
    """A folder, or ``off``."""
    text = value.strip()
    if text.lower() == "off":
        return "off"
    if text.lower() in ("on", "yes", "no", "true", "false", "0", "1"):
        raise ValueError("must be a folder, or off")
    if "\x00" in text:
        raise ValueError("must be a folder, or off")
    return text


def address(value: str) -> str:
    """An e-mail address, roughly: who it is is looked up in the database."""
    text = value.strip().lower()
    if text and ("@" not in text.strip("@") or " " in text):
        raise ValueError("must be an e-mail address")
    return text


def web_url(value: str) -> str:
    """``http(s)://host[:port][/path]``, without the last "/"."""
    if not value:
        return value
    parts = _split(value, "https://creator.example.org")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must look like https://creator.example.org")
    return value.rstrip("/")


def database_url(value: str) -> str:
    """SQLite with a file, or PostgreSQL."""
    if not value:
        return value
    example = "sqlite:////folder/creator.db or postgresql://user:password@host/name"
    parts = _split(value, example)
    sqlite = parts.scheme == "sqlite" and len(parts.path) > 1
    postgres = parts.scheme in ("postgres", "postgresql", "postgresql+psycopg") and len(parts.path) > 1
    if not sqlite and not postgres:
        raise ValueError(f"must look like {example}")
    return value


def redis_url(value: str) -> str:
    """Without a database number: Creator uses 0, 1 and 2 of that server."""
    parts = _split(value, "redis://:password@host:6379")
    if parts.scheme == "unix" and parts.path:
        return value
    if parts.scheme not in ("redis", "rediss") or not parts.hostname:
        raise ValueError("must look like redis://:password@host:6379")
    if parts.path.strip("/") not in ("", "0"):
        raise ValueError("must not name a database: Creator uses databases 0, 1 and 2 of this server")
    return value


def storage_url(value: str) -> str:
    """A folder or a bucket."""
    if not value:
        return value
    example = "file:///folder or s3://key:secret@host:port/bucket?secure=0"
    parts = _split(value, example)
    folder = parts.scheme == "file" and parts.path.startswith("/") and parts.netloc in ("", "localhost")
    bucket = parts.scheme == "s3" and bool(parts.hostname) and bool(parts.path.strip("/"))
    if not folder and not bucket:
        raise ValueError(f"must look like {example}")
    if bucket:
        _bucket_options(parts)
    return value


def _bucket_options(parts: SplitResult) -> None:
    if not _BUCKET.fullmatch(parts.path.strip("/")):
        raise ValueError("must name a bucket of 3 to 63 small letters, digits, dots and hyphens")
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if unknown := sorted(set(options) - _BUCKET_OPTIONS):
        raise ValueError(f"has an option that Creator doesn't know: {unknown[0]}")
    if not _ENCRYPTION.fullmatch(options.get("sse", "s3")):
        raise ValueError("must say sse=s3 or sse=kms:KEYID, the key that the server encrypts with")
    public = _split(options.get("public", "https://h"), "…?public=https://files.example.com")
    origin = public.scheme in ("http", "https") and public.hostname and public.path in ("", "/")
    if not origin or public.query or public.fragment or public.username:
        raise ValueError("must give browsers' way to the server as public=https://files.example.com, no more")


def smtp_url(value: str) -> str:
    """A mail server."""
    example = "smtp://user:password@host:587?starttls=1 or smtps://user:password@host:465"
    parts = _split(value, example)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError(f"must look like {example}")
    return value


def _split(value: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        raise ValueError(f"must look like {example}") from None
    return parts
