"""A file as the API shows it to somebody: the File resource of the discovery document."""

from typing import Any

from .access import Viewer, can_edit
from .clock import rfc3339
from .store import DOCUMENT, FOLDER, SHORTCUT, Item, SharedDrive, Store, User

#: Google Docs have a size too (File.size: "Size in bytes of blobs and Google Workspace editor files").
DOCUMENT_SIZE = "1024"


def file_resource(store: Store, viewer: Viewer, item: Item) -> dict[str, Any]:
    """All fields that this server knows; `masks` picks from them."""
    told: dict[str, Any] = {
        "kind": "drive#file",
        "id": item.id,
        "name": item.name,
        "mimeType": item.mime_type,
        "starred": item.starred,
        "trashed": store.trashed(item),
        "explicitlyTrashed": item.trashed_itself,
        "version": str(item.version),
        "createdTime": rfc3339(item.created),
        "modifiedTime": rfc3339(item.modified),
        "spaces": ["drive"],
        "isAppAuthorized": viewer.client_id in item.apps,
        "webViewLink": view_link(item),
        "capabilities": _capabilities(store, viewer.user, item),
        "quotaBytesUsed": str(item.content.size if item.content else 0),
    }
    if item.parent:
        told["parents"] = [item.parent]
    if item.description:
        told["description"] = item.description
    if item.properties:
        told["properties"] = dict(item.properties)
    if own := item.own_properties.get(viewer.client_id):
        told["appProperties"] = dict(own)
    if item.modifier:
        told["lastModifyingUser"] = user_resource(store.user_by_sub(item.modifier), viewer.user)
    return told | _belonging(store, viewer, item) | _bytes(item) | _shortcut(store, item)


def _belonging(store: Store, viewer: Viewer, item: Item) -> dict[str, Any]:
    """ "Not populated for items in shared drives" (File.owners, ownedByMe, shared)."""
    if item.drive_id:
        return {"driveId": item.drive_id, "teamDriveId": item.drive_id}
    owner = store.user_by_sub(str(item.owner))
    return {
        "ownedByMe": owner is viewer.user,
        "owners": [user_resource(owner, viewer.user)],
        "shared": any(one.shared_with for one in (item, *store.ancestors(item))),
    }


def _bytes(item: Item) -> dict[str, Any]:
    if item.mime_type == DOCUMENT:
        return {"size": DOCUMENT_SIZE}
    if item.content is None:
        return {}
    told = {
        "size": str(item.content.size),
        "headRevisionId": item.revision,
        "originalFilename": item.name,
        "webContentLink": f"https://drive.google.com/uc?id={item.id}&export=download",
    }
    if "." in item.name:
        told["fileExtension"] = told["fullFileExtension"] = item.name.rsplit(".", 1)[1]
    if not item.arriving:
        sums = item.content.sums
        told |= {"md5Checksum": sums.md5, "sha1Checksum": sums.sha1, "sha256Checksum": sums.sha256}
    return told


def _shortcut(store: Store, item: Item) -> dict[str, Any]:
    if item.mime_type != SHORTCUT:
        return {}
    target = store.items.get(item.target_id or "")
    details = {"targetId": item.target_id}
    if target:
        details["targetMimeType"] = target.mime_type
    return {"shortcutDetails": details}


def _capabilities(store: Store, user: User, item: Item) -> dict[str, bool]:
    edit, folder, top = can_edit(store, user, item), item.is_folder, item.parent is None
    owns = item.owner == user.sub or bool(item.drive_id)
    return {
        "canAddChildren": folder and edit,
        "canCopy": not folder,
        "canDelete": owns and not top,
        "canDownload": item.content is not None,
        "canEdit": edit,
        "canListChildren": folder,
        "canModifyContent": edit and not folder,
        "canMoveItemWithinDrive": edit and not top,
        "canRename": edit and not top,
        "canTrash": owns and not top,
        "canUntrash": owns and not top,
    }


def view_link(item: Item) -> str:
    if item.mime_type == FOLDER:
        return f"https://drive.google.com/drive/folders/{item.id}"
    if item.mime_type == DOCUMENT:
        return f"https://docs.google.com/document/d/{item.id}/edit?usp=drivesdk"
    return f"https://drive.google.com/file/d/{item.id}/view?usp=drivesdk"


def user_resource(user: User, asking: User) -> dict[str, Any]:
    return {
        "kind": "drive#user",
        "displayName": user.name,
        "me": user is asking,
        "permissionId": user.sub,
        "emailAddress": user.email,
    }


def drive_resource(drive: SharedDrive) -> dict[str, Any]:
    return {
        "kind": "drive#drive",
        "id": drive.id,
        "name": drive.name,
        "createdTime": rfc3339(drive.created),
        "hidden": False,
        "capabilities": {"canAddChildren": True, "canEdit": True, "canListChildren": True},
    }
