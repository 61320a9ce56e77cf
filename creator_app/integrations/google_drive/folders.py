"""Folders of a Drive for a person to choose from, and those that we make."""

from dataclasses import dataclass
from typing import Any, Final

from creator_app.integrations.drop_folders.base import DropEntry, EntryKind
from creator_app.integrations.drop_folders.errors import EntryGone, PlaceRefused
from creator_app.integrations.google_drive.entries import FIELDS, FOLDER, ROOT, entry_of
from creator_app.integrations.google_drive.place import GoogleDrivePlace, has_property, quoted

PAGE: Final = 50
_ROOT_URL: Final = "https://drive.google.com/drive/folders/{}"


@dataclass(frozen=True)
class FolderChoice:
    """A folder that can be chosen.

    Attributes:
        id: to give to ``POST /drive/watch``.
        parent_id: the folder that it lies in, where we may see it.
        parent: that folder's name.
        shared_drive: the name of the shared drive, if it lies in one.
    """

    id: str
    name: str
    url: str | None
    parent_id: str | None = None
    parent: str | None = None
    shared_drive: str | None = None


@dataclass(frozen=True)
class FolderPage:
    """A page of folders; ``cursor`` gets the next one, ``None`` ends the list."""

    items: tuple[FolderChoice, ...]
    cursor: str | None


class DriveFolders:
    """Looks through the folders of one Drive.

    Args:
        place: the Drive.
    """

    def __init__(self, place: GoogleDrivePlace) -> None:
        self._place = place
        self._names: dict[str, str | None] = {}

    def page(self, *, search: str = "", parent_id: str = "", cursor: str | None = None) -> FolderPage:
        """Folders by name.

        Args:
            search: a part of the name; everywhere, shared drives included.
            parent_id: only what lies directly in this folder or shared drive; without it and without a
                search, the top of the person's own Drive and the shared drives.
            cursor: from the page before.
        """
        terms = [f"mimeType = {quoted(FOLDER)}", "trashed = false"]
        if search:
            terms.append(f"name contains {quoted(search)}")
        if parent_id or not search:
            terms.append(f"{quoted(parent_id or 'root')} in parents")
        request = self._place.api.files.list(
            q=" and ".join(terms),
            pageSize=PAGE,
            pageToken=cursor or None,
            orderBy="name_natural",
            fields=f"nextPageToken,files({FIELDS})",
            spaces="drive",
            corpora="allDrives" if search else "user",
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
        )
        answer = self._place.api.read(request)
        drives = self._shared_drives()
        items = [self._choice(file, drives) for file in answer.get("files") or []]
        if not search and not parent_id and not cursor:
            items += [
                FolderChoice(drive_id, name, _ROOT_URL.format(drive_id), shared_drive=name)
                for drive_id, name in sorted(drives.items(), key=lambda one: one[1].lower())
            ]
        return FolderPage(tuple(items), answer.get("nextPageToken"))

    def _choice(self, file: dict[str, Any], drives: dict[str, str]) -> FolderChoice:
        parent_id = (file.get("parents") or [None])[0]
        return FolderChoice(
            id=file["id"],
            name=file.get("name") or "",
            url=file.get("webViewLink"),
            parent_id=parent_id,
            parent=self._name_of(parent_id, drives) if parent_id else None,
            shared_drive=drives.get(file.get("driveId") or ""),
        )

    def _name_of(self, folder_id: str, drives: dict[str, str]) -> str | None:
        """The name of a folder, asked for once; ``None`` where we may not see it."""
        if folder_id in drives:
            return drives[folder_id]
        if folder_id not in self._names:
            try:
                self._names[folder_id] = str(self._place.get(folder_id).get("name") or "")
            except (EntryGone, PlaceRefused):
                self._names[folder_id] = None
        return self._names[folder_id]

    def _shared_drives(self) -> dict[str, str]:
        """The person's shared drives, names by id; none where we may not ask."""
        request = self._place.api.drives.list(pageSize=100, fields="drives(id,name)")
        try:
            answer = self._place.api.read(request)
        except (PlaceRefused, EntryGone):  # the scope for single files does not know drives
            return {}
        return {one["id"]: one.get("name") or "" for one in answer.get("drives") or []}

    def chosen(self, folder_id: str) -> DropEntry:
        """A folder that a person named, or the one behind a shortcut to it.

        Raises:
            EntryGone: it is no folder, not there, or not for us to see.
        """
        file = self._place.get(folder_id)
        target = str((file.get("shortcutDetails") or {}).get("targetId") or "")
        if target:
            file = self._place.get(target)
        entry = entry_of(file)
        if entry.kind is not EntryKind.FOLDER or file.get("trashed"):
            raise EntryGone(
                "This is not a folder that we can use.", hint="Choose a folder that is not in the trash."
            )
        return entry

    def root(self) -> DropEntry | None:
        """The folder ``Creator`` that we made in this Drive before, whatever it is called now."""
        found = next(
            self._place.search(
                f"{has_property(ROOT, '1')} and trashed = false", page=10, orderBy="createdTime"
            ),
            None,
        )
        return entry_of(found) if found is not None else None
