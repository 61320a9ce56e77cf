"""A file as Google describes it, turned into an entry of a drop folder."""

from datetime import datetime
from typing import Any, Final

from creator_app.integrations.drop_folders.base import DropEntry, EntryKind

FOLDER: Final = "application/vnd.google-apps.folder"
SHORTCUT: Final = "application/vnd.google-apps.shortcut"
_NATIVE: Final = "application/vnd.google-apps."

FIELDS: Final = (
    "id,name,mimeType,parents,size,md5Checksum,modifiedTime,trashed,appProperties,webViewLink,"
    "headRevisionId,driveId,shortcutDetails(targetId,targetMimeType)"
)

#: Properties that only we can see and write; each says what of ours a file is.
JOB: Final = "creator_job_id"
NOTE: Final = "creator_note"
FOLDER_OF: Final = "creator_folder"
ROOT: Final = "creator_root"
_OURS: Final = (JOB, NOTE, FOLDER_OF, ROOT)


def entry_of(file: dict[str, Any]) -> DropEntry:
    """An entry, without looking behind a shortcut.

    The version is the checksum of the content: it changes with the content and with nothing else, and is
    missing while the file is still being uploaded.
    """
    properties = dict(file.get("appProperties") or {})
    kind = _kind(file.get("mimeType") or "")
    whole = kind is EntryKind.FILE
    size = file.get("size")
    return DropEntry(
        id=file["id"],
        name=file.get("name") or "",
        kind=kind,
        parent_id=(file.get("parents") or [""])[0],
        size=int(size) if whole and size is not None else None,
        version=(file.get("md5Checksum") or "") if whole else "",
        md5=(file.get("md5Checksum") or None) if whole else None,
        content_type=file.get("mimeType"),
        content_id=file["id"],
        modified_at=_time(file.get("modifiedTime")),
        ours=any(name in properties for name in _OURS),
        properties=properties | ({"drive_id": file["driveId"]} if file.get("driveId") else {}),
        url=file.get("webViewLink"),
    )


def is_shortcut(file: dict[str, Any]) -> bool:
    """Whether it only points to another file."""
    return file.get("mimeType") == SHORTCUT


def target_id(file: dict[str, Any]) -> str:
    """Where a shortcut points; empty where it says nothing."""
    return str((file.get("shortcutDetails") or {}).get("targetId") or "")


def behind_shortcut(file: dict[str, Any], target: dict[str, Any] | None) -> DropEntry:
    """A shortcut's entry: its own place and name, and the content of its target.

    A folder behind a shortcut is not looked into: it could lead back to where it came from.
    """
    own = entry_of(file)
    kind, content = EntryKind.DANGLING, None
    if target is not None and not target.get("trashed") and not is_shortcut(target):
        content = entry_of(target)
        kind = content.kind
    return DropEntry(
        id=own.id,
        name=own.name,
        kind=kind,
        parent_id=own.parent_id,
        size=content.size if content else None,
        version=content.version if content else "",
        md5=content.md5 if content else None,
        content_type=content.content_type if content else None,
        content_id=content.id if content else "",
        modified_at=content.modified_at if content else own.modified_at,
        ours=own.ours or (content is not None and content.ours),
        properties=own.properties,
        url=own.url,
    )


def _kind(mime: str) -> EntryKind:
    if mime == FOLDER:
        return EntryKind.FOLDER
    if mime == SHORTCUT:
        return EntryKind.DANGLING
    return EntryKind.DOCUMENT if mime.startswith(_NATIVE) else EntryKind.FILE


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
