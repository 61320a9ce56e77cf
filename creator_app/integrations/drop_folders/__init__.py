"""Places where people drop files: a folder in their Google Drive, or one on the operator's machine."""

from creator_app.integrations.drop_folders.base import (
    DropEntry,
    DropPlace,
    EntryKind,
    News,
    Upload,
)
from creator_app.integrations.drop_folders.directory import ROOT_ID, DirectoryPlace
from creator_app.integrations.drop_folders.errors import (
    AccessEnded,
    EntryGone,
    NameTaken,
    PlaceBusy,
    PlaceError,
    PlaceFull,
    PlaceRefused,
)

__all__ = [
    "ROOT_ID",
    "AccessEnded",
    "DirectoryPlace",
    "DropEntry",
    "DropPlace",
    "EntryGone",
    "EntryKind",
    "NameTaken",
    "News",
    "PlaceBusy",
    "PlaceError",
    "PlaceFull",
    "PlaceRefused",
    "Upload",
]
