"""Drop folders as their owner sees them: where they are, what was dropped, what came of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel
from sqlmodel import col, select

from creator_app.domain import drops
from creator_app.domain.job_state import JobStatus
from creator_app.errors import InvalidInput, NotFound
from creator_app.infrastructure.database import db_now
from creator_app.models import Delivery, DropFile, DropFolder, DropSource, Job, OAuthGrant
from creator_app.services import drop_sources, recipes
from creator_app.services.unit_of_work import FoldersChanged, Work

MAX_ACTIVITY = 100
_LAG_WINDOW = timedelta(hours=24)
#: So many files count for the lag at most: the operator's page asks every few seconds.
LAG_FILES = 2000


class FolderView(BaseModel):
    """A drop folder.

    Attributes:
        waiting: files that were seen and not taken yet.
        taken: files that became jobs.
        noted: files that a note was written about.
    """

    id: UUID
    source_id: UUID
    kind: str
    name: str
    url: str | None
    recipe: str
    recipe_title: str
    enabled: bool
    state: str
    reason: str | None
    results_name: str | None
    results_url: str | None
    after: str
    naming: str
    inputs: dict[str, Any]
    last_activity_at: datetime | None
    waiting: int = 0
    taken: int = 0
    noted: int = 0


class PlaceView(BaseModel):
    """A Google Drive or a directory with its folders.

    Attributes:
        title: the Drive's e-mail, or the directory's path.
        failing: why the last looks did not work, if they did not.
    """

    id: UUID
    kind: str
    title: str
    state: str
    failing: str | None
    looked_at: datetime | None
    folders: list[FolderView]


class BroughtView(BaseModel):
    """Something that was brought, or is on its way, back into a folder."""

    what: str
    name: str | None
    url: str | None
    state: str
    reason: str | None


class FileView(BaseModel):
    """A dropped file and what came of it.

    Attributes:
        sentence: its state in words.
        shows: its first result is a picture.
    """

    id: UUID
    name: str
    path: list[str]
    url: str | None
    state: str
    sentence: str
    job_id: UUID | None
    job_status: str | None
    shows: bool
    dropped_at: datetime
    brought: list[BroughtView]


class Lag(BaseModel):
    """From the drop to the job's start, in seconds.

    A drop is counted from the time at which its place says it came, and where it does not say so, from the
    time at which the file was first seen.

    Attributes:
        files: how many are counted: those of the last day, the newest 2,000 where there were more.
        median_s: half of them were begun at least as quickly.
        longest_s: none of them took longer.
    """

    files: int
    median_s: float | None
    longest_s: float | None


def overview(work: Work, account_id: UUID) -> list[PlaceView]:
    """An account's places with their folders, the oldest first."""
    sources = work.session.exec(
        select(DropSource).where(DropSource.account_id == account_id).order_by(col(DropSource.created_at))
    ).all()
    folders = _folders(work, account_id)
    places = []
    for source in sources:
        own = [one for one in folders if one.source_id == source.id]
        places.append(
            PlaceView(
                id=source.id,
                kind=source.kind,
                title=_title(work, source),
                state=source.state,
                failing=source.last_error if source.failures > 2 else None,
                looked_at=source.looked_at,
                folders=own,
            )
        )
    return places


def _title(work: Work, source: DropSource) -> str:
    if source.kind == "folder":
        return source.address
    grant = work.session.get(OAuthGrant, source.grant_id) if source.grant_id else None
    return (grant.email if grant is not None else None) or "Google Drive"


def _folders(work: Work, account_id: UUID) -> list[FolderView]:
    rows = work.session.exec(
        select(DropFolder, DropSource.kind)
        .join(DropSource, col(DropSource.id) == col(DropFolder.source_id))
        .where(DropFolder.account_id == account_id, col(DropFolder.removed_at).is_(None))
        .order_by(col(DropFolder.created_at), col(DropFolder.id))
    ).all()
    counted = work.session.execute(
        sa.select(col(DropFile.folder_id), col(DropFile.state), sa.func.count())
        .where(col(DropFile.account_id) == account_id)
        .group_by(col(DropFile.folder_id), col(DropFile.state))
    )
    counts: dict[UUID, dict[str, int]] = {}
    for folder_id, state, count in counted:
        counts.setdefault(folder_id, {})[state] = count
    titles = {card.slug: card.title for card in recipes.list_recipes(work)}
    return [_view(folder, kind, titles, counts.get(folder.id, {})) for folder, kind in rows]


def _view(folder: DropFolder, kind: str, titles: dict[str, str], counts: dict[str, int]) -> FolderView:
    return FolderView(
        id=folder.id,
        source_id=folder.source_id,
        kind=kind,
        name=folder.name,
        url=folder.url,
        recipe=folder.recipe_slug,
        recipe_title=titles.get(folder.recipe_slug, folder.recipe_slug),
        enabled=folder.enabled,
        state=folder.state,
        reason=folder.reason,
        results_name=folder.results_name or drops.RESULTS,
        results_url=folder.results_url,
        after=folder.after,
        naming=folder.naming,
        inputs=dict(folder.inputs),
        last_activity_at=folder.last_activity_at,
        waiting=counts.get("seen", 0),
        taken=counts.get("taken", 0),
        noted=counts.get("noted", 0),
    )


def get(work: Work, account_id: UUID, folder_id: UUID) -> DropFolder:
    """A folder of this account.

    Raises:
        NotFound: there is none; another account's looks the same.
    """
    folder = work.session.get(DropFolder, folder_id)
    if folder is None or folder.account_id != account_id or folder.removed_at is not None:
        raise NotFound("There is no such folder.", hint="Your folders are listed under Folders.")
    return folder


def activity(work: Work, account_id: UUID, folder_id: UUID, limit: int = 30) -> list[FileView]:
    """What was dropped into a folder last, and what came of it.

    Raises:
        NotFound: there is no such folder.
    """
    get(work, account_id, folder_id)
    files = work.session.exec(
        select(DropFile)
        .where(DropFile.folder_id == folder_id)
        .order_by(col(DropFile.seen_at).desc(), col(DropFile.id).desc())
        .limit(max(1, min(limit, MAX_ACTIVITY)))
    ).all()
    jobs = _jobs(work, [file.job_id for file in files if file.job_id])
    brought = _brought(work, [file.id for file in files])
    return [_file_view(file, jobs.get(file.job_id), brought.get(file.id, [])) for file in files]


def _jobs(work: Work, job_ids: Sequence[UUID]) -> dict[UUID | None, Job]:
    return {job.id: job for job in work.session.exec(select(Job).where(col(Job.id).in_(job_ids)))}


def _brought(work: Work, file_ids: Sequence[UUID]) -> dict[UUID | None, list[Delivery]]:
    found: dict[UUID | None, list[Delivery]] = {}
    statement = select(Delivery).where(col(Delivery.file_id).in_(file_ids)).order_by(col(Delivery.created_at))
    for row in work.session.exec(statement):
        found.setdefault(row.file_id, []).append(row)
    return found


def _file_view(file: DropFile, job: Job | None, rows: Sequence[Delivery]) -> FileView:
    return FileView(
        id=file.id,
        name=file.name,
        path=list(file.path),
        url=file.url,
        state=file.state,
        sentence=_sentence(file, job, rows),
        job_id=job.id if job is not None else None,
        job_status=job.status if job is not None else None,
        shows=_shows(job),
        dropped_at=file.dropped_at,
        brought=[brought_view(row) for row in rows if row.what != "source"],
    )


def _shows(job: Job | None) -> bool:
    first = job.outputs[0] if job is not None and job.status == JobStatus.SUCCEEDED and job.outputs else {}
    return str(first.get("content_type", "")).startswith("image/") and first.get("n") == 0


def brought_view(row: Delivery) -> BroughtView:
    """A delivery as its owner sees it."""
    return BroughtView(
        what=row.what, name=row.remote_name, url=row.url, state=row.state, reason=row.last_error
    )


def _sentence(file: DropFile, job: Job | None, rows: Sequence[Delivery]) -> str:
    if file.state == "seen":
        return f"Waiting: {file.reason}" if file.reason else "Waiting: just arrived"
    if file.state in ("noted", "passed"):
        return file.reason or "Not taken"
    if job is None:
        return "Made into a job, which was deleted"
    results = [row for row in rows if row.what == "result" and row.job_id == job.id]
    if job.status != JobStatus.SUCCEEDED:
        return {
            JobStatus.FAILED: job.error_message or "It did not work",
            JobStatus.CANCELED: "Canceled",
            JobStatus.QUEUED: "In the line",
        }.get(JobStatus(job.status), "Being made")
    if any(row.state == "failed" for row in results):
        return "Done, but it could not be brought here"
    if any(row.state != "done" for row in results):
        return "Done, on its way here"
    return "Done"


def change(
    work: Work,
    account_id: UUID,
    folder_id: UUID,
    *,
    enabled: bool | None = None,
    inputs: dict[str, Any] | None = None,
    after: str | None = None,
    naming: str | None = None,
) -> DropFolder:
    """Changes what happens in a folder; what is left out stays as it is.

    Args:
        work: a writing transaction.
        account_id: whose.
        folder_id: which.
        enabled: whether files are taken; what came in while it was off is taken when it is on again.
        inputs: values for the recipe's inputs that every file gets.
        after: ``stay`` or ``move``: what happens to a file whose job has ended.
        naming: the rule for results' names; see `creator_app.domain.drops.check_naming`.

    Raises:
        NotFound: there is no such folder.
        InvalidInput: a value does not fit; the message says which.
    """
    folder = get(work, account_id, folder_id)
    if inputs is not None:
        folder.inputs = _checked_inputs(work, folder.recipe_slug, inputs)
    if after is not None:
        if after not in ("stay", "move"):
            raise InvalidInput("A file can stay or move.", fields={"after": "Use stay or move."})
        folder.after = after
    if naming is not None:
        try:
            folder.naming = drops.check_naming(naming)
        except ValueError as error:
            raise InvalidInput(str(error), fields={"naming": str(error)}) from error
    if enabled is not None and enabled != folder.enabled:
        folder.enabled = enabled
        drop_sources.look_soon(work, folder.source_id, listing=True)
    work.session.add(folder)
    work.tell(FoldersChanged(account_id))
    return folder


def _checked_inputs(work: Work, slug: str, inputs: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in inputs.items() if value not in (None, "")}
    try:
        drops.check_values(given, recipes.get_recipe(work, slug).manifest)
    except ValueError as error:
        raise InvalidInput(str(error), fields={"inputs": str(error)}) from error
    return given


def remove(work: Work, account_id: UUID, folder_id: UUID) -> None:
    """Stops taking files from a folder and takes it out of the list; the folder and its files stay.

    Raises:
        NotFound: there is no such folder.
    """
    folder = get(work, account_id, folder_id)
    folder.enabled = False
    folder.removed_at = db_now(work.session)
    work.session.add(folder)
    work.tell(FoldersChanged(account_id))


def lag(work: Work) -> Lag:
    """How long it took from drops to the start of their jobs, for everybody's of the last day."""
    since = db_now(work.session) - _LAG_WINDOW
    rows = work.session.execute(
        sa.select(col(DropFile.dropped_at), col(Job.started_at))
        .join(Job, col(Job.id) == col(DropFile.job_id))
        .where(col(DropFile.taken_at) > since, col(Job.started_at).is_not(None))
        .order_by(col(DropFile.taken_at).desc())
        .limit(LAG_FILES)
    )
    seconds = [max(0.0, (started - dropped).total_seconds()) for dropped, started in rows if started]
    if not seconds:
        return Lag(files=0, median_s=None, longest_s=None)
    return Lag(files=len(seconds), median_s=median(seconds), longest_s=max(seconds))


def of_job(work: Work, job: Job) -> list[BroughtView]:
    """What of a job was, or is being, brought back to its folder."""
    rows = work.session.exec(
        select(Delivery).where(Delivery.job_id == job.id, col(Delivery.kind).in_(("drive", "folder")))
    ).all()
    return [brought_view(row) for row in rows if row.what == "result"]
