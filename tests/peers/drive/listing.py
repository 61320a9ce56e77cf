"""files.list: which files, in which order, page by page."""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from . import query
from .access import can_edit, can_see
from .calls import Call
from .errors import ApiError, drive_not_found, file_not_found, invalid
from .store import Item

#: orderBy ("files.list" in the discovery document) → what to sort by
ORDERS: dict[str, Callable[[Item], Any]] = {
    "createdTime": lambda one: one.created,
    "folder": lambda one: not one.is_folder,
    "modifiedByMeTime": lambda one: one.modified,
    "modifiedTime": lambda one: one.modified,
    "name": lambda one: one.name.lower(),
    "name_natural": lambda one: [
        (int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", one.name.lower())
    ],
    "quotaBytesUsed": lambda one: one.content.size if one.content else 0,
    "recency": lambda one: max(one.created, one.modified),
    "sharedWithMeTime": lambda one: one.created,
    "starred": lambda one: one.starred,
    "viewedByMeTime": lambda one: one.modified,
}


def files_list(call: Call) -> dict[str, Any]:
    """Pages are cut from one look: "if new items are added or removed during pagination, it's possible that
    some items are skipped" (FileList.nextPageToken)."""
    params = call.params
    if params["spaces"] != "drive":
        raise invalid("Invalid Value", "spaces")
    pages = call.server.list_pages
    asked = _fingerprint(call)
    if token := params.get("pageToken"):
        remembered = pages.get(token)
        if remembered is None or remembered[0] != asked:
            raise invalid("Invalid Value", "pageToken")
        found = remembered[1]
    else:
        found = [one.id for one in _sorted(_found(call), params.get("orderBy"))]
    size = params["pageSize"]
    items = [call.store.items[one] for one in found[:size] if one in call.store.items]
    told: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": False}
    told["files"] = [call.file(one) for one in items if can_see(call.store, call.viewer, one)]
    if found[size:]:
        told["nextPageToken"] = token = "~!!~AI9" + secrets.token_urlsafe(24)
        pages[token] = (asked, found[size:])
    return told


def _fingerprint(call: Call) -> str:
    kept = {
        key: value for key, value in call.params.items() if key not in ("pageToken", "pageSize", "fields")
    }
    return hashlib.sha256(repr((sorted(kept.items()), call.viewer.user.sub)).encode()).hexdigest()


def _found(call: Call) -> list[Item]:
    asked = query.parse(call.params.get("q") or "trashed = true or trashed = false")
    belongs = _corpus(call, asked)
    for folder_id in asked.parents:
        folder = call.store.items.get(_root(call, folder_id))
        named_root = folder is not None and folder.id == call.viewer.user.root_id
        if folder is None or not (named_root or can_see(call.store, call.viewer, folder)):
            raise file_not_found(".")
    seen = [one for one in _candidates(call, asked) if one.parent and belongs(one) and _is_listed(call, one)]
    return [one for one in seen if asked.matches(_facts(call, one)) and can_see(call.store, call.viewer, one)]


def _root(call: Call, folder_id: str) -> str:
    return call.viewer.user.root_id if folder_id == "root" else folder_id


def _candidates(call: Call, asked: query.Query) -> Iterable[Item]:
    if asked.parents and asked.is_plain:
        return call.store.children(_root(call, asked.parents[0]))
    return call.store.within_reach(call.viewer.user)


def _is_listed(call: Call, item: Item) -> bool:
    """A list may know a new file only some time later (a fault that a test asks for)."""
    lag = timedelta(seconds=call.server.settings.listing_lag_s)
    return not lag or bool(item.searchable and item.searchable[0] + lag <= call.store.clock.now())


def _corpus(call: Call, asked: query.Query) -> Callable[[Item], bool]:
    """Which drives are looked through ("Implement shared drive support", "Search for shared drives").

    With the user's corpus, items of a shared drive are found only in folders that the query names: what else
    of them a user "has accessed" can't be known.
    """
    corpora, drive_id = call.params.get("corpora") or "user", call.params.get("driveId")
    if corpora not in ("user", "drive", "allDrives"):
        raise invalid("Invalid Value", "corpora")
    if (corpora == "drive") != bool(drive_id):
        said = "The driveId parameter must be specified if and only if corpora is set to drive."
        raise ApiError(403, "teamDriveIdRequiresTeamDriveCorpora", said, location="driveId")
    if call.wants_all_drives and not call.all_drives:
        said = "The supportsAllDrives parameter must be set to true if includeItemsFromAllDrives is true."
        raise ApiError(403, "teamDrivesNotSupported", said, location="supportsAllDrives")
    if corpora != "user" and not call.wants_all_drives:
        said = (
            "The includeItemsFromAllDrives parameter must be set to true when driveId is specified or"
            " corpora contains drive or allDrives."
        )
        raise ApiError(403, "teamDriveItemsNotIncluded", said, location="includeItemsFromAllDrives")
    if corpora == "drive":
        drive = call.store.drives.get(str(drive_id))
        if drive is None or call.viewer.user.sub not in drive.members:
            raise drive_not_found(str(drive_id))
        return lambda one: one.drive_id == drive_id
    if corpora == "allDrives":
        return lambda one: True
    if call.wants_all_drives:
        return lambda one: one.drive_id is None or one.parent in asked.parents
    return lambda one: one.drive_id is None


def _facts(call: Call, item: Item) -> query.Facts:
    store, me = call.store, call.viewer.user

    def parents() -> list[str]:
        return ["root", me.root_id] if item.parent == me.root_id else [str(item.parent)]

    def people(wanted: Callable[[Any], bool]) -> list[str]:
        return ["me" if one is me else one.email for one in store.users.values() if wanted(one)] + [
            one.email for one in store.users.values() if one is me and wanted(one)
        ]

    facts: dict[str, Callable[[], Any]] = {
        "name": lambda: item.name,
        "fullText": lambda: f"{item.name} {item.description}",
        "mimeType": lambda: item.mime_type,
        "modifiedTime": lambda: item.modified,
        "createdTime": lambda: item.created,
        "trashed": lambda: store.trashed(item),
        "starred": lambda: item.starred,
        "sharedWithMe": lambda: me.sub in item.shared_with,
        "shortcutDetails.targetId": lambda: item.target_id,
        "parents": parents,
        "owners": lambda: people(lambda one: one.sub == item.owner),
        "writers": lambda: people(lambda one: can_edit(store, one, item)),
        "readers": lambda: people(lambda one: one.sub in store.audience(item)),
        "properties": lambda: item.properties,
        "appProperties": lambda: store.own_properties(
            item, call.viewer.client_id, lag_s=call.server.settings.search_lag_s
        ),
    }
    return lambda term: facts[term]()


def _sorted(items: list[Item], order: str | None) -> list[Item]:
    """By ``orderBy``; without it the newest first, which nobody may rely upon."""
    items = sorted(items, key=lambda one: -one.number)
    keys = [part.split() for part in order.split(",")] if order else []
    for key in reversed(keys):
        if not key or key[0] not in ORDERS or key[1:] not in ([], ["desc"]):
            raise invalid("Invalid Value", "orderBy")
        items.sort(key=ORDERS[key[0]], reverse=bool(key[1:]))
    return items
