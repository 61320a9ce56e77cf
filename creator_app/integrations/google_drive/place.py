"""A person's Google Drive as a place for dropped files."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO, Final

from creator_app.integrations.drop_folders.base import DropEntry, News, Upload
from creator_app.integrations.drop_folders.errors import EntryGone, NameTaken
from creator_app.integrations.google_drive.api import DriveApi
from creator_app.integrations.google_drive.entries import (
    FIELDS,
    FOLDER,
    FOLDER_OF,
    behind_shortcut,
    entry_of,
    is_shortcut,
    target_id,
)
from creator_app.integrations.google_drive.feed import Feed
from creator_app.integrations.google_drive.transfer import (
    ONE_REQUEST_BYTES,
    PIECE_BYTES,
    Downloads,
    Uploads,
    same,
)

_PAGE: Final = 1000


class GoogleDrivePlace:
    """See `creator_app.integrations.drop_folders.DropPlace`. Cheap to make; may be used by several threads.

    Args:
        api: makes the calls for one grant.
        shared_drives: says which shared drives' changes matter now, beside the person's own.
        piece_bytes: of a file, held in memory at a time.
    """

    def __init__(
        self,
        api: DriveApi,
        shared_drives: Callable[[], Collection[str]] = tuple,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        self.api = api
        self.feed = Feed(api, self.resolved, shared_drives)
        self._downloads = Downloads(api, piece_bytes)
        self._uploads = Uploads(api, piece_bytes)

    def children(self, folder_id: str) -> Iterator[DropEntry]:
        """What lies directly in a folder and is not in the trash, page after page."""
        for file in self.search(f"{quoted(folder_id)} in parents and trashed = false"):
            yield self.resolved(file)

    def look(self, entry_id: str) -> DropEntry:
        """A file or folder as it is now."""
        file = self.get(entry_id)
        if file.get("trashed"):
            raise EntryGone("This is in the trash.", hint="Take it out of the trash to go on.")
        return self.resolved(file)

    def open(self, entry: DropEntry, start: int = 0) -> Iterator[bytes]:
        """The content from ``start`` on, in pieces."""
        return self._downloads.open(entry, start)

    def make_folder(self, parent_id: str, name: str) -> DropEntry:
        """The folder of this name in another one; made if it is not there."""
        known = self.folder_called(parent_id, name)
        if known is not None:
            return known
        return self.ensure_folder(self.reserve(parent_id, name), parent_id, name, {FOLDER_OF: "part"})

    def reserve(self, folder_id: str, name: str) -> str:
        """An id for a file that is going to be written."""
        return self._uploads.reserve()

    def reserve_many(self, count: int) -> list[str]:
        """Several ids at once."""
        return self._uploads.reserve_many(count)

    def find(self, upload: Upload) -> DropEntry | None:
        """What an earlier `put` of the same upload left; a result that was thrown away since counts.

        Looked for by what we attached to it. A search may lag behind: `put` finds a file of the same id then,
        but only at its end, so for a large one we look for the id before.
        """
        if upload.properties:
            wanted = [has_property(name, value) for name, value in sorted(upload.properties.items())]
            query = " and ".join([*wanted, "trashed = false"])
            for file in self.search(query, page=10):
                if same(file, upload):
                    return entry_of(file)
        if upload.properties and upload.size <= ONE_REQUEST_BYTES:
            return None
        try:
            file = self.get(upload.id)
        except EntryGone:
            return None
        return entry_of(file) if same(file, upload) else None

    def put(self, upload: Upload, source: BinaryIO) -> DropEntry:
        """Writes a file whole or not at all."""
        return entry_of(self._uploads.put(upload, source))

    def move(self, entry_id: str, folder_id: str) -> DropEntry:
        """Puts a file into another folder."""
        file = self.get(entry_id)
        if file.get("trashed"):
            raise EntryGone("This is in the trash.")
        parents = file.get("parents") or []
        if folder_id in parents:
            return self.resolved(file)
        request = self.api.files.update(
            fileId=entry_id,
            body={},
            addParents=folder_id,
            removeParents=",".join(parents) or None,
            fields=FIELDS,
            supportsAllDrives=True,
        )
        # Not repeated by itself: the second try would take it out of where the first one has put it.
        return self.resolved(self.api.once(request))

    def news_token(self) -> str:
        """Where a reader of `news` begins."""
        return self.feed.token()

    def news(self, token: str) -> News:
        """What changed since."""
        return self.feed.news(token)

    def get(self, file_id: str) -> dict[str, Any]:
        """A file as Google describes it, even one in the trash.

        Raises:
            EntryGone: there is none that we can see.
        """
        request = self.api.files.get(fileId=file_id, fields=FIELDS, supportsAllDrives=True)
        file: dict[str, Any] = self.api.read(request)
        return file

    def search(self, query: str, *, page: int = _PAGE, **options: Any) -> Iterator[dict[str, Any]]:
        """Files that fit a query, page after page.

        The language: https://developers.google.com/workspace/drive/api/guides/search-files
        """
        token: str | None = None
        while True:
            request = self.api.files.list(
                q=query,
                pageSize=page,
                pageToken=token,
                fields=f"nextPageToken,files({FIELDS})",
                spaces="drive",
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
                **options,
            )
            answer = self.api.read(request)
            yield from answer.get("files") or []
            token = answer.get("nextPageToken")
            if not token:
                return

    def resolved(self, file: dict[str, Any]) -> DropEntry:
        """An entry; of a shortcut, with what it points to."""
        if not is_shortcut(file):
            return entry_of(file)
        target = None
        if target_id(file):
            try:
                target = self.get(target_id(file))
            except EntryGone:
                target = None
        return behind_shortcut(file, target)

    def folder_called(self, parent_id: str, name: str) -> DropEntry | None:
        """The folder of this name in another one; the oldest where there are several."""
        query = (
            f"name = {quoted(name)} and {quoted(parent_id)} in parents and mimeType = {quoted(FOLDER)}"
            " and trashed = false"
        )
        found = next(self.search(query, page=10, orderBy="createdTime"), None)
        return entry_of(found) if found is not None else None

    def ensure_folder(
        self, folder_id: str, parent_id: str, name: str, properties: dict[str, str]
    ) -> DropEntry:
        """The folder with a reserved id; made if it is not there. A repeat can't make a second one.

        Raises:
            EntryGone: it was thrown away, so that its id can't be used again; or its parent was.
        """
        try:
            file = self.get(folder_id)
        except EntryGone:
            file = self._new_folder(folder_id, parent_id, name, properties)
        if file.get("trashed"):
            raise EntryGone("This folder is in the trash.", hint="Take it out of the trash to go on.")
        return entry_of(file)

    def _new_folder(
        self, folder_id: str, parent_id: str, name: str, properties: dict[str, str]
    ) -> dict[str, Any]:
        body = {
            "id": folder_id,
            "name": name,
            "mimeType": FOLDER,
            "parents": [parent_id],
            "appProperties": properties,
        }
        request = self.api.files.create(body=body, fields=FIELDS, supportsAllDrives=True)
        try:
            file: dict[str, Any] = self.api.read(request)
        except NameTaken:  # an answer was lost, or somebody was quicker with the same id
            return self.get(folder_id)
        return file


def quoted(text: str) -> str:
    """A text as a query of Drive writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def has_property(name: str, value: str) -> str:
    """A query's term for a property that we attached."""
    return f"appProperties has {{ key={quoted(name)} and value={quoted(value)} }}"
