"""Which function answers which method of the discovery document. What isn't here answers 501."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from . import files
from .access import find
from .calls import Call
from .channels import channel_resource
from .errors import ApiError, drive_not_found, invalid
from .listing import files_list
from .resource import drive_resource, user_resource
from .store import SharedDrive

Answer = dict[str, Any] | Response | None


def about_get(call: Call) -> Answer:
    """ "Return user info": the one method that does nothing without ``fields``."""
    if not call.params.get("fields"):
        said = "The 'fields' parameter is required for this method."
        raise ApiError(400, "required", said, location="fields")
    user = call.viewer.user
    used = str(call.store.used_bytes(user))
    quota = {"usage": used, "usageInDrive": used, "usageInDriveTrash": "0"}
    if user.limit is not None:
        quota["limit"] = str(user.limit)
    return {
        "kind": "drive#about",
        "user": user_resource(user, user),
        "storageQuota": quota,
        "maxUploadSize": "5242880000000",
        "appInstalled": True,
        "canCreateDrives": False,
    }


# changes


def _log_key(call: Call) -> str:
    """The log that is asked for: the user's own, or with ``driveId`` that of a shared drive."""
    drive_id = call.params.get("driveId") or call.params.get("teamDriveId")
    if not drive_id:
        return call.viewer.user.sub
    if not call.all_drives:
        said = "The supportsAllDrives parameter must be set to true when driveId is given."
        raise ApiError(403, "teamDrivesNotSupported", said, location="supportsAllDrives")
    return _drive(call, drive_id).id


def changes_get_start_page_token(call: Call) -> Answer:
    token = call.server.changes.start_token(_log_key(call))
    return {"kind": "drive#startPageToken", "startPageToken": token}


def changes_list(call: Call) -> Answer:
    key, changes = _log_key(call), call.server.changes
    if key != call.viewer.user.sub and not call.wants_all_drives:
        said = "The includeItemsFromAllDrives parameter must be set to true when driveId is given."
        raise ApiError(403, "teamDriveItemsNotIncluded", said, location="includeItemsFromAllDrives")
    entries, token, is_end = changes.page(key, call.params["pageToken"], call.params["pageSize"])
    told = [changes.resource(call.viewer, key, one) for one in entries]
    shown = [one for one in told if one and (call.params["includeRemoved"] or not one["removed"])]
    name = "newStartPageToken" if is_end else "nextPageToken"
    return {"kind": "drive#changeList", "changes": shown, name: token}


def changes_watch(call: Call) -> Answer:
    key = _log_key(call)
    call.server.changes.page(key, call.params["pageToken"], 1)
    query = f"alt=json&pageToken={call.params['pageToken']}"
    uri = f"{call.server.url}/drive/v3/changes?{query}"
    return channel_resource(
        call.server.channels.watch(call.viewer, call.body, key=key, uri=uri, is_file=False)
    )


def files_watch(call: Call) -> Answer:
    item = find(call.store, call.viewer, call.path["fileId"], all_drives=call.all_drives)
    uri = f"{call.server.url}/drive/v3/files/{item.id}?alt=json"
    return channel_resource(
        call.server.channels.watch(call.viewer, call.body, key=item.id, uri=uri, is_file=True)
    )


def channels_stop(call: Call) -> Answer:
    call.server.channels.stop(call.viewer, call.body)
    return None


# shared drives


def _drive(call: Call, drive_id: str) -> SharedDrive:
    drive = call.store.drives.get(drive_id)
    if drive is None or call.viewer.user.sub not in drive.members:
        raise drive_not_found(drive_id)
    return drive


def drives_get(call: Call) -> Answer:
    return drive_resource(_drive(call, call.path["driveId"]))


def drives_list(call: Call) -> Answer:
    if call.params.get("q"):
        raise invalid("Invalid Value", "q")
    mine = [one for one in call.store.drives.values() if call.viewer.user.sub in one.members]
    start, size = int(call.params.get("pageToken") or 0), call.params["pageSize"]
    told: dict[str, Any] = {"kind": "drive#driveList"}
    told["drives"] = [drive_resource(one) for one in mine[start : start + size]]
    return told | ({"nextPageToken": str(start + size)} if mine[start + size :] else {})


METHODS: dict[str, Callable[[Call], Answer]] = {
    "about.get": about_get,
    "changes.getStartPageToken": changes_get_start_page_token,
    "changes.list": changes_list,
    "changes.watch": changes_watch,
    "channels.stop": channels_stop,
    "drives.get": drives_get,
    "drives.list": drives_list,
    "files.copy": files.files_copy,
    "files.create": files.files_create,
    "files.delete": files.files_delete,
    "files.generateIds": files.files_generate_ids,
    "files.get": files.files_get,
    "files.list": files_list,
    "files.update": files.files_update,
    "files.watch": files_watch,
}
#: What a resumable upload checks when its session is opened.
BEFORE_UPLOAD: dict[str, Callable[[Call], Any]] = {
    "files.create": files.check_create,
    "files.update": files.check_update,
}
