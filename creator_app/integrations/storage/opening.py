"""From a STORAGE_URL to a storage."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from creator_app.errors import StorageError
from creator_app.integrations.storage.base import Storage
from creator_app.integrations.storage.local import LocalStorage


def open_storage(url: str, secret: str) -> Storage:
    """The storage that a URL names; nothing is connected to yet.

    Args:
        url: ``file:///folder`` or ``s3://key:secret@host:port/bucket?secure=0``.
        secret: signs addresses that Creator answers itself.

    Raises:
        StorageError: the URL names no storage that Creator knows; not retryable.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path and parts.netloc in ("", "localhost"):
        return LocalStorage(Path(unquote(parts.path)), secret)
    if parts.scheme == "s3" and parts.hostname and parts.path.strip("/"):
        # Its client takes a while to load: only who uses it pays for it.
        from creator_app.integrations.storage.s3 import S3Storage

        return S3Storage(url, secret)
    raise StorageError(
        "STORAGE_URL must look like file:///folder or s3://key:secret@host:port/bucket?secure=0.",
        hint="Correct STORAGE_URL and start again.",
        retryable=False,
    )
