"""Files that belong to an account: keeping them, and small pictures of them for pages."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from PIL import Image, ImageOps

from creator_app.errors import NotFound
from creator_app.integrations.storage import Storage
from creator_app.models import Asset
from creator_app.models.base import new_id
from creator_app.repositories.assets import AssetRepository
from creator_app.services.pictures import TakenPicture
from creator_app.services.unit_of_work import Work

_ENDINGS: Final = {"image/png": ".png", "image/jpeg": ".jpg"}
# What an account's own server sends is decoded here too: no more than this, in pixels.
_MAX_PIXELS: Final = 200_000_000
#: Other decoders, such as that for PostScript, are never let near what a server sent.
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
_IN_MEMORY_BYTES: Final = 8 * 2**20


@dataclass(frozen=True)
class PendingAsset:
    """A file that lies in the storage and is in no row yet.

    Attributes:
        asset_id: what its row will be called.
        storage_key: where it lies; delete it if the row is never written.
    """

    asset_id: UUID
    account_id: UUID
    kind: str
    storage_key: str
    sha256: str
    size_bytes: int
    content_type: str
    filename: str
    width: int | None
    height: int | None


def upload(storage: Storage, account_id: UUID, taken: TakenPicture, kind: str = "input") -> PendingAsset:
    """Puts a verified picture into the storage; call it before the transaction that records it.

    Raises:
        StorageError: it could not be kept; ``retryable`` tells whether to try again.
    """
    asset_id = new_id()
    key = f"{kind}s/{account_id}/{asset_id}{_ENDINGS.get(taken.content_type, '')}"
    with taken.path.open("rb") as stream:
        storage.put(key, stream, taken.content_type)
    return PendingAsset(
        asset_id=asset_id,
        account_id=account_id,
        kind=kind,
        storage_key=key,
        sha256=taken.sha256,
        size_bytes=taken.size_bytes,
        content_type=taken.content_type,
        filename=taken.filename,
        width=taken.width,
        height=taken.height,
    )


def record(work: Work, pending: PendingAsset) -> Asset:
    """Writes the row of a file that `upload` has kept."""
    row = Asset(
        id=pending.asset_id,
        account_id=pending.account_id,
        kind=pending.kind,
        sha256=pending.sha256,
        size_bytes=pending.size_bytes,
        content_type=pending.content_type,
        filename=pending.filename,
        width=pending.width,
        height=pending.height,
        storage_key=pending.storage_key,
    )
    return AssetRepository(work.session).create(row)


def thumbnail(storage: Storage, asset: Asset, width: int) -> str:
    """The key of a small WebP of a picture, made when it is first asked for.

    Args:
        storage: where the picture lies and the small one is kept.
        asset: the picture.
        width: widest the small one may be, in pixels; a picture is never enlarged, and no more than four
            times as tall.

    Raises:
        NotFound: the file is gone, or nothing that can be shown small.
        StorageError: it could not be read or kept.
    """
    key = f"thumbs/{asset.account_id}/{asset.id}/{width}.webp"
    if storage.exists(key):
        return key
    with tempfile.TemporaryFile() as small:
        _shrink(storage, asset, width, small)
        small.seek(0)
        storage.put(key, small, "image/webp")
    return key


def delete_files(storage: Storage, asset: Asset) -> None:
    """Deletes a file and its small pictures; its row is the caller's."""
    storage.delete(asset.storage_key)
    storage.delete_prefix(f"thumbs/{asset.account_id}/{asset.id}")


def _shrink(storage: Storage, asset: Asset, width: int, target: BinaryIO) -> None:
    with ExitStack() as stack:
        source = _source(storage, asset, stack)
        try:
            picture = stack.enter_context(Image.open(source, formats=_FORMATS))
            if picture.width * picture.height > _MAX_PIXELS:
                raise NotFound("This picture is too large to be shown small.")
            picture.draft("RGB", (width, width * 4))  # lets a JPEG be decoded small in the first place
            upright = ImageOps.exif_transpose(picture)
            mode = "RGBA" if "A" in upright.getbands() or "transparency" in upright.info else "RGB"
            small = upright.convert(mode)
            small.thumbnail((width, width * 4), Image.Resampling.LANCZOS, reducing_gap=3.0)
            small.save(target, "WEBP", quality=82, method=3)
        except NotFound:
            raise
        except Exception as error:  # decoders raise anything on hostile bytes
            raise NotFound("This file can't be shown small.", hint="Download it to look at it.") from error


def _source(storage: Storage, asset: Asset, stack: ExitStack) -> Path | BinaryIO:
    path = storage.local_path(asset.storage_key)
    if path is not None:
        return path
    copy = stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))  # noqa: SIM115
    for piece in storage.open(asset.storage_key):
        copy.write(piece)
    copy.seek(0)
    return copy  # type: ignore[return-value]  # it has all that a file has
