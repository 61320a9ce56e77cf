"""The pictures of a job: what went in, what came out, small versions of both, and the live preview."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from creator_app.api import files
from creator_app.api.archive import zipped
from creator_app.api.dependencies import Caller, CreatorDep, JobReader
from creator_app.api.files import StoredFile
from creator_app.bootstrap import Creator
from creator_app.domain.content_types import HEAD_BYTES, content_type
from creator_app.errors import NotFound
from creator_app.integrations.storage.disposition import disposition
from creator_app.models import Asset, Job
from creator_app.services import assets, job_files, jobs

router = APIRouter(prefix="/jobs/{job_id}", tags=["files"])

# Small versions come in these widths only: otherwise anybody could fill the disk with copies.
WIDTHS = (160, 320, 640, 1280)
Width = Annotated[int | None, Query(ge=1, le=4000, description="A small version (WebP), at least this wide.")]
_PREVIEWS = frozenset({"image/jpeg", "image/png", "image/webp"})
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"application/octet-stream": {}}},
    206: {"description": "The range of it that was asked for."},
    304: {"description": "It has not changed."},
    307: {"description": "It lies at the address given, for a minute."},
    416: {"description": "It has no such range."},
}


@router.head("/outputs/{n}", include_in_schema=False)
@router.get("/outputs/{n}", response_class=Response, responses=_FILE)
def output(
    n: int,
    job_id: UUID,
    request: Request,
    caller: JobReader,
    creator: CreatorDep,
    width: Width = None,
    download: bool = False,
) -> Response:
    """A result. ``download=1`` saves it under its name instead of showing it."""
    job, found = _assets(creator, caller, job_id)
    row = next((row for row in job.outputs or [] if row["n"] == n), None)
    if row is None:
        raise NotFound("This job has no such result.", hint="Its results are listed under outputs.")
    return _answer(request, creator, found[UUID(row["asset_id"])], row["filename"], width, download)


@router.head("/inputs/{name}", include_in_schema=False)
@router.get("/inputs/{name}", response_class=Response, responses=_FILE)
def input_file(
    name: str,
    job_id: UUID,
    request: Request,
    caller: JobReader,
    creator: CreatorDep,
    width: Width = None,
    download: bool = False,
) -> Response:
    """A picture that the job was made with."""
    job, found = _assets(creator, caller, job_id)
    value = jobs.file_inputs(job).get(name)
    if value is None:
        raise NotFound("This job has no such picture.", hint="Its pictures are listed under inputs.")
    asset = found[UUID(value["asset_id"])]
    return _answer(request, creator, asset, asset.filename, width, download)


@router.get("/thumb", response_class=Response, responses={200: {"content": {"image/webp": {}}}})
def thumb(
    job_id: UUID,
    request: Request,
    caller: JobReader,
    creator: CreatorDep,
    width: Annotated[int, Query(ge=1, le=4000)] = 320,
) -> Response:
    """A small picture of the job: of its first result, before that of what went in."""
    job, found = _assets(creator, caller, job_id)
    wanted = [row["asset_id"] for row in job.outputs or []]
    wanted += [value["asset_id"] for value in jobs.file_inputs(job).values()]
    for asset_id in wanted:
        asset = found[UUID(asset_id)]
        if asset.content_type.startswith("image/"):
            return _answer(request, creator, asset, asset.filename, width, False)
    raise NotFound("This job has no picture yet.", hint="Ask again once it has a result.")


@router.get("/preview", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
def preview(job_id: UUID, caller: JobReader, creator: CreatorDep) -> Response:
    """What a running job looks like at this moment."""
    with creator.uow.read() as work:
        jobs.get(work, caller.account_id, job_id)
    picture = creator.snapshots.preview(job_id)
    if picture is None:
        raise NotFound("There is no preview at this moment.", hint="Not every recipe shows one.")
    kind = content_type(picture[:HEAD_BYTES])
    if kind not in _PREVIEWS:
        raise NotFound("There is no preview at this moment.", hint="Not every recipe shows one.")
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(picture, media_type=kind, headers=headers)


@router.get("/outputs.zip", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
def outputs_zip(job_id: UUID, caller: JobReader, creator: CreatorDep) -> Response:
    """All results in one zip."""
    job, found = _assets(creator, caller, job_id)
    if not job.outputs:
        raise NotFound("This job has no results yet.", hint="Ask again once it has succeeded.")
    entries = [(found[UUID(row["asset_id"])].storage_key, row["filename"]) for row in job.outputs]
    chunks: Iterator[bytes] = zipped(creator.storage, entries)
    name = f"{job.recipe_slug}-{str(job.id)[-8:]}.zip"
    headers = {
        "Content-Disposition": disposition(name, inline=False),
        "Cache-Control": "private, no-cache",
    }
    return StreamingResponse(chunks, headers=headers, media_type="application/zip")


def _assets(creator: Creator, caller: Caller, job_id: UUID) -> tuple[Job, dict[UUID, Asset]]:
    with creator.uow.read() as work:
        job = jobs.get(work, caller.account_id, job_id)
        return job, job_files.of_job(work, job)


def _answer(
    request: Request, creator: Creator, asset: Asset, filename: str, width: int | None, download: bool
) -> Response:
    if width is None:
        stored = StoredFile(asset.storage_key, asset.size_bytes, asset.content_type, filename, asset.sha256)
        return files.answer(request, creator.storage, stored, download=download, direct=True)
    # Small versions go through us: there are many on a page, and a browser keeps those of a steady address.
    step = next((step for step in WIDTHS if step >= width), WIDTHS[-1])
    key = assets.thumbnail(creator.storage, asset, step)
    stem = filename.rsplit(".", 1)[0]
    small = StoredFile(
        key, creator.storage.stat(key).size, "image/webp", f"{stem}-{step}.webp", f"{asset.sha256}-{step}"
    )
    return files.answer(request, creator.storage, small, download=download)
