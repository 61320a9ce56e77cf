"""Rows of the folders page: places, folders, what was dropped there and what came of it."""

from dataclasses import dataclass, field

from creator_app.services.folders import BroughtView, FileView, FolderView, PlaceView


@dataclass
class BroughtRow:
    """A result or note that is, or will be, in the folder."""

    name: str = ""
    url: str = ""
    state: str = ""
    reason: str = ""


@dataclass
class FileRow:
    """A dropped file; ``tone`` is a job's status word, for the dot."""

    id: str = ""
    name: str = ""
    url: str = ""
    sentence: str = ""
    tone: str = ""
    job_id: str = ""
    thumb: str = ""
    at: str = ""
    brought: list[BroughtRow] = field(default_factory=list)


@dataclass
class FolderRow:
    """A drop folder."""

    id: str = ""
    kind: str = ""
    name: str = ""
    url: str = ""
    recipe: str = ""
    recipe_title: str = ""
    example_url: str = ""
    enabled: bool = True
    missing: bool = False
    trouble: str = ""
    counts: str = ""
    waiting: int = 0
    results_name: str = ""
    results_url: str = ""
    after: str = "stay"
    naming: str = ""
    last: str = ""


@dataclass
class PlaceRow:
    """A Google Drive or the watched folder."""

    id: str = ""
    kind: str = ""
    title: str = ""
    state: str = ""
    failing: str = ""
    folders: list[FolderRow] = field(default_factory=list)


def place_row(view: PlaceView) -> PlaceRow:
    """The row of one place."""
    return PlaceRow(
        id=str(view.id),
        kind=view.kind,
        title=view.title,
        state=view.state,
        failing=view.failing or "",
        folders=[folder_row(one) for one in view.folders],
    )


def folder_row(view: FolderView) -> FolderRow:
    """The row of one folder."""
    return FolderRow(
        id=str(view.id),
        kind=view.kind,
        name=view.name,
        url=view.url or "",
        recipe=view.recipe,
        recipe_title=view.recipe_title,
        example_url=f"/api/v1/recipes/{view.recipe}/example/after",
        enabled=view.enabled,
        missing=view.state == "missing",
        trouble=_trouble(view),
        counts=_counts(view),
        waiting=view.waiting,
        results_name=view.results_name or "",
        results_url=view.results_url or "",
        after=view.after,
        naming=view.naming,
        last=view.last_activity_at.isoformat() if view.last_activity_at else "",
    )


def file_row(view: FileView) -> FileRow:
    """The row of one dropped file."""
    return FileRow(
        id=str(view.id),
        name="/".join([*view.path, view.name]),
        url=view.url or "",
        sentence=view.sentence,
        tone=_tone(view),
        job_id=str(view.job_id) if view.job_id else "",
        thumb=f"/api/v1/jobs/{view.job_id}/outputs/0?width=160" if view.shows else "",
        at=view.dropped_at.isoformat(),
        brought=[brought_row(one) for one in view.brought],
    )


def brought_row(view: BroughtView) -> BroughtRow:
    """The row of one result or note."""
    return BroughtRow(name=view.name or "", url=view.url or "", state=view.state, reason=view.reason or "")


def _counts(view: FolderView) -> str:
    parts = [
        f"{view.waiting} waiting" if view.waiting else "",
        f"{view.taken} taken" if view.taken else "",
        f"{view.noted} with a note" if view.noted else "",
    ]
    return " · ".join(part for part in parts if part) or "Nothing dropped yet"


_DELETED = {
    "drive": "This folder was deleted. Restore it from the trash, and it goes on.",
    "folder": "This folder was deleted from the disk. Put it back there, and it goes on.",
}


def _trouble(view: FolderView) -> str:
    if view.state == "missing":
        return _DELETED.get(view.kind, "This folder was deleted.")
    return view.reason or ""


def _tone(view: FileView) -> str:
    if view.state == "seen":
        return "queued"
    if view.state == "noted":
        return "failed"
    if view.state == "taken" and any(one.what == "result" and one.state == "failed" for one in view.brought):
        return "failed"
    return view.job_status or "passed"
