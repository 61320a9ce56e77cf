"""Brings a prompt's results from the ComfyUI server into Creator's storage.

They lie under ``jobs/{job}/{attempt}/{n}``: an attempt never touches what another one wrote, and the commit
picks one of them.
"""

import mimetypes
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from creator_app.bootstrap import Creator
from creator_app.infrastructure.crash_points import crash_point
from creator_app.integrations.comfyui import ComfyUIClient, OutputFile
from creator_app.integrations.storage import StoredObject
from creator_app.models import Asset, Job
from creator_app.models.base import new_id
from creator_app.services.claims import Claim


def save_outputs(
    creator: Creator, claim: Claim, client: ComfyUIClient, files: list[OutputFile]
) -> tuple[list[dict[str, Any]], list[Asset]]:
    """Streams every result into storage.

    Args:
        creator: this process's Creator.
        claim: whose results they are.
        client: of the server that has them.
        files: what history listed; previews (type ``temp``) are left out.

    Returns:
        The rows for the job's ``outputs``, in order, and the assets to record in the transaction that
        commits them.

    Raises:
        CreatorError: a file could not be fetched or kept.
    """
    results = [file for file in files if file.type == "output"] or files
    rows: list[dict[str, Any]] = []
    assets: list[Asset] = []
    for n, file in enumerate(results):
        key = f"jobs/{claim.job.id}/{claim.attempt_id}/{n}"
        content_type = mimetypes.guess_type(file.filename)[0] or "application/octet-stream"
        stored = creator.storage.put(key, client.download(file), content_type)
        assets.append(_asset(creator, claim, stored, n, file, content_type))
        rows.append(_row(assets[-1], n, file))
        crash_point("output.after_first")
    return rows, assets


def _asset(
    creator: Creator, claim: Claim, stored: StoredObject, n: int, file: OutputFile, content_type: str
) -> Asset:
    width, height = _size(creator, stored.key)
    return Asset(
        id=new_id(),
        account_id=claim.job.account_id,
        kind="output",
        sha256=stored.sha256,
        size_bytes=stored.size,
        content_type=content_type,
        filename=result_name(claim.job, n, file.filename),
        width=width,
        height=height,
        storage_key=stored.key,
    )


def _row(asset: Asset, n: int, file: OutputFile) -> dict[str, Any]:
    return {
        "n": n,
        "asset_id": str(asset.id),
        "filename": asset.filename,
        "content_type": asset.content_type,
        "bytes": asset.size_bytes,
        "width": asset.width,
        "height": asset.height,
        "node": file.node_id,
        "label": None,
    }


def result_name(job: Job, n: int, engine_name: str) -> str:
    """What the result is called for people: ``portrait-youtube-thumbnail.png``, then ``…-2.png``."""
    stem = next(
        (
            PurePosixPath(str(value.get("filename") or "")).stem
            for value in job.inputs.values()
            if isinstance(value, dict) and "asset_id" in value
        ),
        "",
    )
    base = "-".join(part for part in (stem, job.recipe_slug) if part)
    number = "" if n == 0 else f"-{n + 1}"
    return f"{base}{number}{PurePosixPath(engine_name).suffix.lower()}"


def _size(creator: Creator, key: str) -> tuple[int | None, int | None]:
    path = creator.storage.local_path(key)
    if path is None:
        return None, None
    try:
        with Image.open(path) as picture:  # reads the header only
            return picture.size
    except OSError:
        return None, None
