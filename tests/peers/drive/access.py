"""Who may see and change what: by person, by scope, and with ``drive.file`` by app.

Source: "Choose Google Drive API scopes": ``drive.file`` reaches only files that the app made or that the user
opened with it; ``drive`` reaches all.
"""

from dataclasses import dataclass

from .errors import file_not_found, no_file_permission
from .store import Item, Store, User

SCOPE = "https://www.googleapis.com/auth/"
DRIVE = SCOPE + "drive"
DRIVE_FILE = SCOPE + "drive.file"
#: Scopes that reach all files, if only to look.
WIDE = {DRIVE, *(SCOPE + "drive." + one for one in ("readonly", "metadata", "metadata.readonly"))}


@dataclass(frozen=True)
class Viewer:
    """On whose behalf a call is made, by which app."""

    user: User
    client_id: str
    scopes: frozenset[str]

    @property
    def is_wide(self) -> bool:
        return bool(self.scopes & WIDE)


def can_see(store: Store, viewer: Viewer, item: Item) -> bool:
    if viewer.user.sub not in store.audience(item):
        return False
    return viewer.is_wide or viewer.client_id in item.apps


def can_edit(store: Store, user: User, item: Item) -> bool:
    if item.owner == user.sub or (item.drive_id and user.sub in store.drives[item.drive_id].members):
        return True
    return any(one.shared_with.get(user.sub) == "writer" for one in (item, *store.ancestors(item)))


def find(store: Store, viewer: Viewer, file_id: str, *, all_drives: bool) -> Item:
    """The item of this id; ``root`` is the user's My Drive.

    Raises:
        ApiError: 404, also for items of shared drives when ``supportsAllDrives`` isn't set
            ("Implement shared drive support").
    """
    item = store.items.get(viewer.user.root_id if file_id == "root" else file_id)
    if item is None or not can_see(store, viewer, item) or (item.drive_id and not all_drives):
        raise file_not_found("." if file_id == "root" else file_id)
    return item


def find_folder(store: Store, viewer: Viewer, file_id: str, *, all_drives: bool) -> Item:
    """A place to put something: My Drive itself can be named by every app, though not be looked at."""
    if file_id in ("root", viewer.user.root_id):
        return store.items[viewer.user.root_id]
    return find(store, viewer, file_id, all_drives=all_drives)


def must_edit(store: Store, viewer: Viewer, item: Item) -> None:
    if not can_edit(store, viewer.user, item):
        raise no_file_permission(item.id)


def must_own(store: Store, viewer: Viewer, item: Item) -> None:
    """ "Only the owner may trash a file" (File.trashed); in shared drives members may."""
    if item.drive_id is None and item.owner != viewer.user.sub:
        raise no_file_permission(item.id)
