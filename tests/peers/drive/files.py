"""The methods of ``files`` that look at, make and change single files."""

import re
from datetime import datetime
from typing import Any

from starlette.responses import Response, StreamingResponse

from .access import find, find_folder, must_edit, must_own
from .blobs import Content, pieces
from .calls import Call
from .clock import parse_time
from .errors import ApiError, bad_request, invalid, not_writable, storage_full
from .store import BINARY, FOLDER, GOOGLE, SHORTCUT, Item, guess_type

#: "Add custom file properties": bytes of key and value together.
PROPERTY_BYTES = 124


def files_get(call: Call) -> dict[str, Any] | Response:
    item = find(call.store, call.viewer, call.path["fileId"], all_drives=call.all_drives)
    if call.params["alt"] == "media":
        return _download(call, item)
    return call.file(item)


def _download(call: Call, item: Item) -> Response:
    """ "Download and export files": blobs alone, whole or a range of bytes."""
    if item.content is None:
        said = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
        raise ApiError(403, "fileNotDownloadable", said, location="alt")
    start, stop = _range(call.range, item.content.size)
    headers = {"Content-Length": str(stop - start), "Accept-Ranges": "bytes"}
    if partial := (stop - start) != item.content.size or bool(call.range and item.content.size):
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{item.content.size}"
    return StreamingResponse(
        pieces(item.content, start, stop), 206 if partial else 200, headers, media_type=item.mime_type
    )


def _range(header: str | None, size: int) -> tuple[int, int]:
    """First byte and the one after the last, of one range (RFC 9110, 14.2)."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    if start >= stop:
        raise ApiError(
            416,
            "requestedRangeNotSatisfiable",
            "Request range not satisfiable",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, stop


def check_create(call: Call) -> Item:
    """What files.create refuses before any byte of the content; returns the folder."""
    check_new_id(call)
    folder = _new_parent(call)
    must_edit(call.store, call.viewer, folder)
    return folder


def files_create(call: Call) -> dict[str, Any]:
    folder, body = check_create(call), call.body
    name = body.get("name") or "Untitled"
    kind = body.get("mimeType") or call.content_type or (guess_type(name) if call.content else BINARY)
    content = call.content
    if content is None and not kind.startswith(GOOGLE):
        content = call.store.blobs.keep(b"")
    if kind.startswith(GOOGLE):
        if body.get("id") and kind not in (FOLDER, SHORTCUT):
            # "Create and manage files": generated ids are for no Google Docs.
            raise invalid("The provided file ID is not usable.", "file.id")
        content = None
    check_space(call, content.size if content else 0)
    item = call.store.add(
        name,
        kind,
        folder,
        call.viewer.user,
        content=content,
        item_id=body.get("id"),
        created=_time(body, "createdTime"),
        modified=_time(body, "modifiedTime"),
        description=body.get("description") or "",
        starred=bool(body.get("starred")),
        target_id=_target(call) if kind == SHORTCUT else None,
        properties=_merged({}, body.get("properties")),
        own_properties={call.viewer.client_id: _merged({}, body.get("appProperties"))},
        apps={call.viewer.client_id},
    )
    return call.file(item)


def check_new_id(call: Call) -> None:
    """ "Create and manage files": an id from files.generateIds; one that is taken is a 409, so that a repeat
    of a create whose answer was lost makes no second file."""
    wanted = call.body.get("id")
    if wanted is None:
        return
    if wanted in call.store.items:
        raise ApiError(409, "fileIdInUse", "A file already exists with the provided ID.", location="file.id")
    kind = "shortcuts" if call.body.get("mimeType") == SHORTCUT else "files"
    if call.store.reserved.get(wanted) != (call.viewer.user.sub, kind):
        raise invalid("The provided file ID is not usable.", "file.id")


def _new_parent(call: Call) -> Item:
    parents = call.body.get("parents") or ["root"]
    if len(parents) > 1:
        raise ApiError(403, "cannotAddParent", "Increasing the number of parents is not allowed")
    return as_folder(find_folder(call.store, call.viewer, parents[0], all_drives=call.all_drives))


def as_folder(item: Item) -> Item:
    if not item.is_folder:
        raise ApiError(403, "parentNotAFolder", "The specified parent is not a folder.")
    return item


def check_space(call: Call, size: int) -> None:
    """A user's storage counts for My Drive alone."""
    limit = call.viewer.user.limit
    if limit is not None and size and call.store.used_bytes(call.viewer.user) + size > limit:
        raise storage_full()


def _target(call: Call) -> str:
    target = (call.body.get("shortcutDetails") or {}).get("targetId")
    if not target:
        raise ApiError(
            400, "required", "Required: shortcutDetails.targetId", location="shortcutDetails.targetId"
        )
    return find(call.store, call.viewer, target, all_drives=True).id


def _time(body: dict[str, Any], name: str) -> datetime | None:
    try:
        return parse_time(body[name]) if body.get(name) else None
    except ValueError:
        raise invalid(f"Invalid value for: {name}", name) from None


def _merged(old: dict[str, str], new: dict[str, str | None] | None) -> dict[str, str]:
    """ "Entries with null values are cleared in update and copy requests" (File.properties)."""
    for key, value in (new or {}).items():
        if len(key.encode()) + len((value or "").encode()) > PROPERTY_BYTES:
            raise bad_request(f"The property {key} is longer than {PROPERTY_BYTES} bytes.")
    both = old | (new or {})
    return {key: value for key, value in both.items() if value is not None}


def check_update(call: Call) -> Item:
    """What files.update refuses before any byte of the content."""
    item = find(call.store, call.viewer, call.path["fileId"], all_drives=call.all_drives)
    must_edit(call.store, call.viewer, item)
    if "parents" in call.body:
        raise not_writable(
            "The parents field is not directly writable in update requests."
            " Use the addParents and removeParents parameters instead."
        )
    if call.body.keys() & {"id", "createdTime", "shortcutDetails", "kind"}:
        raise not_writable("The resource body includes fields which are not directly writable.")
    if item.parent is None:
        raise ApiError(403, "insufficientFilePermissions", "The top folder can't be changed.")
    return item


def files_update(call: Call) -> dict[str, Any]:
    item, body = check_update(call), call.body
    was_trashed, logs = item.trashed_itself, call.store.logs(item)
    if "trashed" in body:
        must_own(call.store, call.viewer, item)
        item.trashed_itself = bool(body["trashed"])
    _set_content(call, item, call.content)
    for name, attribute in (("name", "name"), ("description", "description"), ("starred", "starred")):
        if body.get(name) is not None:
            setattr(item, attribute, body[name])
    item.modified = _time(body, "modifiedTime") or (
        call.store.clock.now() if body.keys() & {"name", "description"} else item.modified
    )
    _set_properties(call, item)
    _set_parents(call, item)
    item.modifier = call.viewer.user.sub
    call.store.changed(item, _what(call, item, was_trashed), logs)
    return call.file(item)


def _what(call: Call, item: Item, was_trashed: bool) -> str:
    if was_trashed != item.trashed_itself:
        return "trash" if item.trashed_itself else "untrash"
    return "content" if call.content else "parents" if call.params.get("addParents") else "update"


def _set_content(call: Call, item: Item, content: Content | None) -> None:
    if content is not None:
        if item.is_google:
            raise bad_request("The content of a Google Doc, folder or shortcut can't be replaced here.")
        check_space(call, content.size - (item.content.size if item.content else 0))
        call.store.set_content(item, content)
        item.mime_type = call.content_type or item.mime_type
    # "The value cannot be changed unless a new revision is uploaded" (File.mimeType).
    if call.body.get("mimeType") and content is not None:
        item.mime_type = call.body["mimeType"]


def _set_properties(call: Call, item: Item) -> None:
    item.properties = _merged(item.properties, call.body.get("properties"))
    if "appProperties" in call.body:
        mine = call.viewer.client_id
        item.searchable = (
            call.store.clock.now(),
            {key: dict(one) for key, one in item.own_properties.items()},
        )
        item.own_properties[mine] = _merged(item.own_properties.get(mine, {}), call.body["appProperties"])


def _set_parents(call: Call, item: Item) -> None:
    """Moves: a file has one parent, so that one is added and the other removed in the same call ("Create and
    populate folders"). Errors: "Resolve errors", 400 ``badRequest``; 403 ``cannotAddParent``."""
    added, removed = (_ids(call, name) for name in ("addParents", "removeParents"))
    if not added and not removed:
        return
    for one in added:
        folder = as_folder(find_folder(call.store, call.viewer, one, all_drives=call.all_drives))
        must_edit(call.store, call.viewer, folder)
        if folder is item or item in call.store.ancestors(folder):
            raise bad_request("A folder can't be put into itself: the parent would create a cycle.")
    if item.parent in added and item.parent not in removed:
        raise bad_request("The file is in this folder already: a duplicate parent.")
    if item.drive_id and len(added) != len(removed):
        raise ApiError(403, "teamDrivesParentLimit", "A shared drive item must have exactly one parent.")
    if len(added) > 1 or (added and item.parent not in removed):
        raise ApiError(403, "cannotAddParent", "Increasing the number of parents is not allowed")
    if not added and item.parent in removed:
        raise bad_request("A file must have a parent: removeParents goes with addParents.")
    if added:
        call.store.move(item, call.store.items[added[0]])


def _ids(call: Call, name: str) -> list[str]:
    named = [one.strip() for one in call.params.get(name, "").split(",") if one.strip()]
    return [call.viewer.user.root_id if one == "root" else one for one in named]


def files_copy(call: Call) -> dict[str, Any]:
    source = find(call.store, call.viewer, call.path["fileId"], all_drives=call.all_drives)
    if source.is_folder:
        raise ApiError(403, "cannotCopyFile", "This file cannot be copied by the user.")
    check_new_id(call)
    # "If not specified as part of a copy request, the file inherits any discoverable parent" (File.parents).
    call.body.setdefault("parents", [source.parent])
    folder, body = _new_parent(call), call.body
    must_edit(call.store, call.viewer, folder)
    check_space(call, source.content.size if source.content else 0)
    mine = call.viewer.client_id
    own = {key: dict(one) for key, one in source.own_properties.items()}
    item = call.store.add(
        body.get("name") or f"Copy of {source.name}",
        source.mime_type,
        folder,
        call.viewer.user,
        content=source.content,
        item_id=body.get("id"),
        modified=_time(body, "modifiedTime"),
        description=body.get("description") or source.description,
        target_id=source.target_id,
        properties=_merged(source.properties, body.get("properties")),
        own_properties=own | {mine: _merged(own.get(mine, {}), body.get("appProperties"))},
        apps={mine},
    )
    return call.file(item)


def files_delete(call: Call) -> None:
    """ "Trash or delete files and folders": for good, past the trash, with all that is in it."""
    item = find(call.store, call.viewer, call.path["fileId"], all_drives=call.all_drives)
    must_own(call.store, call.viewer, item)
    if item.parent is None:
        raise ApiError(403, "insufficientFilePermissions", "The top folder can't be deleted.")
    call.store.remove(item)


def files_generate_ids(call: Call) -> dict[str, Any]:
    if call.params["space"] != "drive" or call.params["type"] not in ("files", "shortcuts"):
        raise invalid("Invalid Value", "space")
    ids = call.store.reserve_ids(call.viewer.user, call.params["count"], call.params["type"])
    return {"kind": "drive#generatedIds", "space": "drive", "ids": ids}
