"""The Drive server of the tests, spoken to by Google's own client library: what it does, what it refuses."""

import base64
import hashlib
import http.server
import io
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import google.auth.exceptions
import google.auth.jwt
import google.auth.transport.requests
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaInMemoryUpload, MediaIoBaseDownload, MediaIoBaseUpload

from tests.peers.drive import DriveServer, RemoteDrive
from tests.peers.drive.people import Person

UNIT = 256 * 1024
FOLDER = "application/vnd.google-apps.folder"
SCOPE = "https://www.googleapis.com/auth/"
BACK = "http://127.0.0.1:9/drive/callback"
numbers = count(1)
http_client = httpx.Client(timeout=30)


@pytest.fixture(scope="module")
def one_server() -> Iterator[DriveServer]:
    with DriveServer() as drive:
        yield drive


@pytest.fixture
def drive(one_server: DriveServer) -> Iterator[DriveServer]:
    """The shared server, without what a former test turned on."""
    yield one_server
    one_server.calm()


@pytest.fixture
def ana(drive: DriveServer) -> Person:
    return drive.user(f"ana{next(numbers)}@example.com", "Ana Lopez")


@pytest.fixture
def api(drive: DriveServer, ana: Person) -> Any:
    return drive.service(ana.grant(["drive"]))


@contextmanager
def refused(status: int, reason: str) -> Iterator[None]:
    with pytest.raises(HttpError) as caught:
        yield
    told = caught.value.error_details[0] if caught.value.error_details else {}
    assert (caught.value.status_code, told.get("reason")) == (status, reason)


def found(api: Any, q: str, **more: Any) -> list[str]:
    return [one["name"] for one in api.files().list(q=q, **more).execute()["files"]]


def told(api: Any, file_id: str, fields: str = "*") -> dict[str, Any]:
    answer: dict[str, Any] = api.files().get(fileId=file_id, fields=fields, supportsAllDrives=True).execute()
    return answer


# looking


def test_about_needs_fields(api: Any, ana: Person) -> None:
    with refused(400, "required"):
        api.about().get().execute()
    about = api.about().get(fields="user(emailAddress,me),storageQuota/usage").execute()
    assert about == {"user": {"emailAddress": ana.email, "me": True}, "storageQuota": {"usage": "0"}}


def test_a_file_has_what_google_says_of_it(api: Any, ana: Person) -> None:
    file_id = ana.drop(
        "root", "a.png", b"abc", created="2022-02-03T04:05:06Z", modified="2023-01-01T00:00:00Z"
    )
    assert api.files().get(fileId=file_id).execute() == {
        "kind": "drive#file",
        "id": file_id,
        "name": "a.png",
        "mimeType": "image/png",
    }
    file = told(api, file_id)
    assert (file["size"], file["md5Checksum"]) == ("3", hashlib.md5(b"abc").hexdigest())
    assert file["sha256Checksum"] == hashlib.sha256(b"abc").hexdigest()
    assert (file["createdTime"], file["modifiedTime"]) == (
        "2022-02-03T04:05:06.000Z",
        "2023-01-01T00:00:00.000Z",
    )
    assert file["parents"] == [ana.root_id] and file["ownedByMe"] and file["headRevisionId"]
    assert not file["trashed"] and "driveId" not in file and "appProperties" not in file


def test_a_google_doc_has_no_checksum_and_no_bytes(api: Any, ana: Person) -> None:
    doc = ana.google_doc("root", "Notes")
    file = told(api, doc)
    assert "md5Checksum" not in file and "headRevisionId" not in file
    with refused(403, "fileNotDownloadable"):
        api.files().get_media(fileId=doc).execute()


@pytest.mark.parametrize("fields", ["nonsense", "files(id,nonsense)", "files(id", "files(,)", "files/id/x"])
def test_a_wrong_mask_is_refused(api: Any, fields: str) -> None:
    with refused(400, "invalidParameter"):
        api.files().list(fields=fields).execute()


def test_masks_pick_from_inside(api: Any, ana: Person) -> None:
    ana.drop("root", "a.png", b"1", properties={"k": "v"})
    answer = api.files().list(fields="files(name,owners/emailAddress,properties)").execute()
    assert answer == {
        "files": [{"name": "a.png", "owners": [{"emailAddress": ana.email}], "properties": {"k": "v"}}]
    }


def test_what_the_document_doesnt_know_is_refused(drive: DriveServer, ana: Person) -> None:
    headers = {"Authorization": f"Bearer {ana.grant().access}"}
    url = f"{drive.url}/drive/v3/files"
    assert http_client.get(url, params={"nonsense": "1"}, headers=headers).status_code == 400
    assert http_client.get(url, params={"pageSize": "0"}, headers=headers).status_code == 400
    assert http_client.post(url, json={"nonsense": 1}, headers=headers).status_code == 400
    assert http_client.post(url, json={"size": "5"}, headers=headers).status_code == 403
    assert http_client.put(url, json={}, headers=headers).status_code == 404
    assert http_client.get(url).json()["error"]["errors"][0]["reason"] == "required"


def test_the_search_language(api: Any, ana: Person) -> None:
    inside = ana.folder("Drop")
    ana.drop(inside, "Ana's cat.png", b"1", modified="2024-01-01T00:00:00Z")
    ana.drop(inside, "HelloWorld.txt", b"2", modified="2025-01-01T00:00:00Z")
    here = f"'{inside}' in parents"
    assert found(api, rf"{here} and name = 'Ana\'s cat.png'") == ["Ana's cat.png"]
    assert found(api, f"{here} and name contains 'hello'") == ["HelloWorld.txt"]
    assert found(api, f"{here} and name contains 'World'") == []
    assert found(api, f"{here} and mimeType = 'image/png'") == ["Ana's cat.png"]
    assert found(api, f"{here} and not mimeType contains 'image/'") == ["HelloWorld.txt"]
    assert found(api, f"{here} and modifiedTime > '2024-06-01T12:00:00'") == ["HelloWorld.txt"]
    assert found(api, f"mimeType='{FOLDER}' and trashed=false") == ["Drop"]
    assert found(api, "'root' in parents and 'me' in owners") == ["Drop"]
    both = "(name = 'HelloWorld.txt' or mimeType = 'image/png') and trashed = false"
    assert found(api, both, orderBy="name") == ["Ana's cat.png", "HelloWorld.txt"]
    assert found(api, both, orderBy="modifiedTime desc") == ["HelloWorld.txt", "Ana's cat.png"]


@pytest.mark.parametrize(
    "q",
    [
        "nonsense = 'x'",
        "name > 'x'",
        "name = x",
        "'a' in name",
        "trashed",
        "name='a' and",
        "size > 5",
        "(name='a'",
    ],
)
def test_a_query_that_google_doesnt_know_is_refused(api: Any, q: str) -> None:
    with refused(400, "invalid"):
        api.files().list(q=q).execute()


def test_a_list_in_a_folder_that_is_gone_is_not_found(api: Any) -> None:
    with refused(404, "notFound"):
        api.files().list(q="'1nowhere' in parents").execute()


def test_pages_of_a_list(api: Any, ana: Person) -> None:
    for one in range(5):
        ana.drop("root", f"{one}.txt", b"x")
    pages, request = [], api.files().list(pageSize=2, orderBy="name", fields="nextPageToken,files(name)")
    while request is not None:
        answer = request.execute()
        pages.append([one["name"] for one in answer["files"]])
        request = api.files().list_next(request, answer)
    assert pages == [["0.txt", "1.txt"], ["2.txt", "3.txt"], ["4.txt"]]
    with refused(400, "invalid"):
        api.files().list(pageToken="made up").execute()


# making and changing


def test_appproperties_belong_to_one_app(drive: DriveServer, api: Any, ana: Person) -> None:
    body = {"name": "r.png", "appProperties": {"creator_job_id": "j1"}, "properties": {"all": "see"}}
    file_id = api.files().create(body=body).execute()["id"]
    assert found(api, "appProperties has { key='creator_job_id' and value='j1' }") == ["r.png"]
    other_app = drive.client("other", "secret", [])
    other = drive.service(ana.grant(["drive"], other_app))
    assert found(other, "appProperties has { key='creator_job_id' and value='j1' }") == []
    assert "appProperties" not in told(other, file_id) and told(other, file_id)["properties"] == {
        "all": "see"
    }
    api.files().update(fileId=file_id, body={"appProperties": {"creator_job_id": None, "n": "2"}}).execute()
    assert told(api, file_id)["appProperties"] == {"n": "2"}


def test_searches_by_appproperties_may_lag(drive: DriveServer, api: Any) -> None:
    drive.settings.search_lag_s = 60
    file_id = api.files().create(body={"name": "r", "appProperties": {"a": "b"}}).execute()["id"]
    assert found(api, "appProperties has { key='a' and value='b' }") == []
    assert told(api, file_id)["appProperties"] == {"a": "b"}
    drive.advance(61)
    assert found(api, "appProperties has { key='a' and value='b' }") == ["r"]


def test_a_reserved_id_is_taken_once(api: Any) -> None:
    reserved = api.files().generateIds(count=2).execute()["ids"]
    body = {"id": reserved[0], "name": "a.txt"}
    assert api.files().create(body=body).execute()["id"] == reserved[0]
    with refused(409, "fileIdInUse"):
        api.files().create(body=body).execute()
    with refused(409, "fileIdInUse"):
        api.files().create(body=body, media_body=MediaInMemoryUpload(b"x", resumable=True)).execute()
    with refused(400, "invalid"):
        api.files().create(body={"id": "1made-up", "name": "a"}).execute()


def test_moves_change_the_one_parent(api: Any, ana: Person) -> None:
    a, b = ana.folder("A"), ana.folder("B")
    file_id = ana.drop(a, "x.png", b"1", modified="2020-01-01T00:00:00Z")
    with refused(403, "cannotAddParent"):
        api.files().update(fileId=file_id, addParents=b).execute()
    with refused(403, "fieldNotWritable"):
        api.files().update(fileId=file_id, body={"parents": [b]}).execute()
    moved = (
        api.files()
        .update(fileId=file_id, addParents=b, removeParents=a, fields="parents,modifiedTime")
        .execute()
    )
    assert moved == {"parents": [b], "modifiedTime": "2020-01-01T00:00:00.000Z"}
    with refused(400, "badRequest"):
        api.files().update(fileId=b, addParents=ana.folder("in", b), removeParents="root").execute()
    assert ana.names("A") == [] and ana.names("B") == ["in", "x.png"]


def test_trash_restore_delete(api: Any, ana: Person) -> None:
    folder = ana.folder("F")
    file_id = ana.drop(folder, "x.png", b"1")
    api.files().update(fileId=folder, body={"trashed": True}).execute()
    assert told(api, file_id, "trashed,explicitlyTrashed") == {"trashed": True, "explicitlyTrashed": False}
    assert found(api, f"'{folder}' in parents and trashed = false") == []
    ana.restore(folder)
    assert not told(api, file_id)["trashed"]
    api.files().delete(fileId=folder).execute()
    for one in (folder, file_id):
        with refused(404, "notFound"):
            told(api, one)


def test_a_copy_keeps_the_properties_and_gets_a_new_id(api: Any) -> None:
    source = api.files().create(body={"name": "r.png", "appProperties": {"job": "1"}}).execute()["id"]
    copy = api.files().copy(fileId=source, fields="*").execute()
    assert copy["name"] == "Copy of r.png" and copy["id"] != source and copy["appProperties"] == {"job": "1"}


# bytes


@pytest.mark.parametrize(
    "data", [b"", b"\r\n--x\r\n\r", bytes(range(256)) * 40], ids=["empty", "lines", "binary"]
)
def test_a_multipart_upload_arrives_whole(api: Any, ana: Person, data: bytes) -> None:
    media = MediaInMemoryUpload(data, "image/png")
    file = (
        api.files().create(body={"name": "a.png"}, media_body=media, fields="id,size,md5Checksum").execute()
    )
    assert ana.read(file["id"]) == data
    assert (file["size"], file["md5Checksum"]) == (str(len(data)), hashlib.md5(data).hexdigest())


@pytest.mark.parametrize("size", [0, 1, UNIT, 3 * UNIT + 7])
def test_a_resumable_upload_in_chunks(api: Any, ana: Person, size: int) -> None:
    data = bytes(size % 251 for _ in range(size))
    media = MediaIoBaseUpload(io.BytesIO(data), "image/png", chunksize=UNIT, resumable=True)
    request, answer = (
        api.files().create(body={"name": "a.png"}, media_body=media, fields="id,md5Checksum"),
        None,
    )
    while answer is None:
        _, answer = request.next_chunk()
    assert answer["md5Checksum"] == hashlib.md5(data).hexdigest() and ana.read(answer["id"]) == data


def test_new_content_is_a_new_revision(api: Any, ana: Person) -> None:
    file_id = ana.drop("root", "a.png", b"old", modified="2020-01-01T00:00:00Z")
    before = told(api, file_id)
    api.files().update(fileId=file_id, media_body=MediaInMemoryUpload(b"new", "image/png")).execute()
    after = told(api, file_id)
    assert after["headRevisionId"] != before["headRevisionId"] and int(after["version"]) > int(
        before["version"]
    )
    assert after["modifiedTime"] > before["modifiedTime"] and ana.read(file_id) == b"new"


def open_session(drive: DriveServer, ana: Person, size: int) -> tuple[str, dict[str, str]]:
    headers = {"Authorization": f"Bearer {ana.grant().access}"}
    answer = http_client.post(
        f"{drive.url}/upload/drive/v3/files?uploadType=resumable",
        json={"name": "big.bin"},
        headers=headers | {"X-Upload-Content-Length": str(size)},
    )
    assert answer.status_code == 200
    return answer.headers["location"], headers


def test_the_resumable_protocol(drive: DriveServer, ana: Person) -> None:
    data = b"x" * (2 * UNIT + 5)
    place, headers = open_session(drive, ana, len(data))

    def put(start: int, stop: int) -> httpx.Response:
        return http_client.put(
            place,
            content=data[start:stop],
            headers=headers | {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"},
        )

    ask = headers | {"Content-Range": f"bytes */{len(data)}"}
    asked = http_client.put(place, headers=ask)
    assert asked.status_code == 308 and "range" not in asked.headers
    assert put(0, 1000).status_code == 400
    assert put(UNIT, 2 * UNIT).status_code == 400
    first = put(0, UNIT)
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{UNIT - 1}")
    assert http_client.put(place, headers=ask).headers["range"] == f"bytes=0-{UNIT - 1}"
    again = put(0, 2 * UNIT)
    assert again.headers["range"] == f"bytes=0-{2 * UNIT - 1}"
    done = put(2 * UNIT, len(data))
    assert done.status_code == 200 and ana.read(done.json()["id"]) == data
    assert http_client.put(place, headers=ask).json()["id"] == done.json()["id"]
    assert ana.names() == ["big.bin"]


def test_a_session_ends_after_a_week(drive: DriveServer, ana: Person) -> None:
    place, _ = open_session(drive, ana, 5)
    drive.uploads.sessions[place.rsplit("=", 1)[1]].expires = drive.clock.now()
    headers = {"Content-Range": "bytes */5"}
    assert http_client.put(place, headers=headers).status_code == 404
    drive.uploads.expire(410)
    assert http_client.put(place, headers=headers).status_code == 410


def test_downloads_by_ranges(drive: DriveServer, api: Any, ana: Person) -> None:
    size = 3 * UNIT + 11
    file_id = ana.drop_generated("root", "big.bin", size, seed=7)
    whole = io.BytesIO()
    loader, done = MediaIoBaseDownload(whole, api.files().get_media(fileId=file_id), chunksize=UNIT), False
    while not done:
        _, done = loader.next_chunk()
    assert hashlib.md5(whole.getvalue()).hexdigest() == told(api, file_id)["md5Checksum"]
    headers = {"Authorization": f"Bearer {ana.grant().access}"}
    url = f"{drive.url}/drive/v3/files/{file_id}?alt=media"
    part = http_client.get(url, headers=headers | {"Range": f"bytes={UNIT - 3}-{UNIT + 3}"})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes {UNIT - 3}-{UNIT + 3}/{size}")
    assert part.content == whole.getvalue()[UNIT - 3 : UNIT + 4]
    assert http_client.get(url, headers=headers | {"Range": f"bytes={size}-"}).status_code == 416


def test_a_full_drive_takes_nothing(api: Any, ana: Person) -> None:
    ana.set_storage(10)
    for resumable in (False, True):
        media = MediaInMemoryUpload(b"x" * 11, resumable=resumable)
        with refused(403, "storageQuotaExceeded"):
            api.files().create(body={"name": "a"}, media_body=media).execute()
    assert ana.names() == []


def test_a_growing_file_has_its_sums_only_when_it_is_whole(api: Any, ana: Person) -> None:
    growing = ana.drop_growing("root", "v.mp4", [b"a", b"bc", b"d"])
    sizes = []
    while True:
        file = told(api, growing.id)
        sizes.append((file["size"], "md5Checksum" in file))
        if growing.is_whole:
            break
        growing.grow()
    assert sizes == [("1", False), ("3", False), ("4", True)]
    assert ana.read("v.mp4") == b"abcd"


def test_a_growing_file_may_have_the_sums_of_what_is_there(api: Any, ana: Person) -> None:
    growing = ana.drop_growing("root", "v.mp4", [b"a", b"b"], sums="always")
    first = told(api, growing.id)
    growing.grow()
    second = told(api, growing.id)
    assert first["md5Checksum"] == hashlib.md5(b"a").hexdigest()
    assert second["md5Checksum"] == hashlib.md5(b"ab").hexdigest()
    assert second["headRevisionId"] != first["headRevisionId"]


# changes


def start(api: Any, **more: Any) -> str:
    token: str = api.changes().getStartPageToken(**more).execute()["startPageToken"]
    return token


def changes(api: Any, token: str, **more: Any) -> tuple[list[str], str]:
    """What changed as ``name``, ``-id`` for what is removed; and the next token."""
    seen: list[str] = []
    while True:
        answer = api.changes().list(pageToken=token, **more).execute()
        seen += [f"-{one['fileId']}" if one["removed"] else one["file"]["name"] for one in answer["changes"]]
        token = answer.get("nextPageToken") or answer["newStartPageToken"]
        if "newStartPageToken" in answer:
            return seen, token


def test_the_change_log_says_what_is_now(api: Any, ana: Person) -> None:
    token = start(api)
    a, b = ana.drop("root", "a", b"1"), ana.drop("root", "b", b"1")
    ana.rename(a, "a2")
    seen, token = changes(api, token, pageSize=1)
    assert seen == ["b", "a2"]
    assert changes(api, token) == ([], token)
    ana.trash(a)
    ana.delete(b)
    seen, _ = changes(api, token)
    assert seen == ["a2", f"-{b}"]
    assert changes(api, token, includeRemoved=False)[0] == ["a2"]
    with refused(400, "invalid"):
        changes(api, "999999")


def test_entries_may_be_lost_or_late(drive: DriveServer, api: Any, ana: Person) -> None:
    token = start(api)
    drive.changes.lose_every = 2
    for one in range(4):
        ana.drop("root", f"{one}", b"x")
    seen, token = changes(api, token)
    assert len(seen) == 2
    drive.changes.lose_every, drive.changes.delay_s = 0, 60
    ana.drop("root", "late", b"x")
    assert changes(api, token)[0] == []
    drive.advance(61)
    assert changes(api, token)[0] == ["late"]


def test_shared_drives_have_logs_of_their_own(drive: DriveServer, api: Any, ana: Person) -> None:
    studio = drive.shared_drive("Studio", ana.email)
    everywhere = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}
    mine, theirs = start(api), start(api, driveId=studio.id, supportsAllDrives=True)
    file_id = ana.drop(studio.id, "team.png", b"1")
    assert changes(api, mine, **everywhere)[0] == []
    assert changes(api, theirs, driveId=studio.id, **everywhere)[0] == ["team.png"]
    with refused(404, "notFound"):
        api.files().get(fileId=file_id).execute()
    file = told(api, file_id)
    assert file["driveId"] == studio.id and "ownedByMe" not in file
    inside = f"'{studio.id}' in parents"
    assert found(api, inside, **everywhere) == found(
        api, inside, corpora="drive", driveId=studio.id, **everywhere
    )
    with refused(403, "teamDriveIdRequiresTeamDriveCorpora"):
        found(api, inside, corpora="drive", **everywhere)
    assert [one["name"] for one in api.drives().list().execute()["drives"]] == ["Studio"]
    drive.set_members(studio.id)
    member = api.changes().list(pageToken=mine, **everywhere).execute()["changes"][-1]
    assert (member["changeType"], member["driveId"], member["removed"]) == ("drive", studio.id, True)
    drive.set_members(studio.id, ana.email)
    kept = ana.drop("root", "mine.png", b"1")
    mine = start(api)
    ana.move(kept, studio.id)
    assert changes(api, mine, **everywhere)[0] == [f"-{kept}"]


def test_shared_files_and_shortcuts(drive: DriveServer, api: Any, ana: Person) -> None:
    bob = drive.user(f"bob{next(numbers)}@example.com")
    theirs = bob.folder("Theirs")
    with refused(404, "notFound"):
        told(api, theirs)
    token = start(api)
    bob.share(theirs, ana.email, "reader")
    assert changes(api, token)[0] == ["Theirs"]
    assert not told(api, theirs)["ownedByMe"] and not told(api, theirs)["capabilities"]["canAddChildren"]
    with refused(403, "insufficientFilePermissions"):
        api.files().create(body={"name": "x", "parents": [theirs]}).execute()
    link = ana.shortcut("root", theirs)
    assert told(api, link)["shortcutDetails"] == {"targetId": theirs, "targetMimeType": FOLDER}
    bob.unshare(theirs, ana.email)
    assert changes(api, token)[0][-1:] == [f"-{theirs}"] or f"-{theirs}" in changes(api, token)[0]


# push


class Listener:
    """Keeps what is posted to it."""

    def __init__(self, statuses: list[int] | None = None) -> None:
        self.messages: list[dict[str, str]] = []
        self._arrived = threading.Condition()
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                with listener._arrived:
                    listener.messages.append({key.lower(): value for key, value in self.headers.items()})
                    listener._arrived.notify_all()
                self.send_response(statuses.pop(0) if statuses else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks/drive"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def states(self, at_least: int) -> list[str]:
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.messages) >= at_least, timeout=5)
            return [one["x-goog-resource-state"] for one in self.messages]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.close()


def watch(api: Any, listener: Listener, channel_id: str, **more: Any) -> dict[str, Any]:
    body = {"id": channel_id, "type": "web_hook", "address": listener.url, "token": "s3cret"} | more
    answer: dict[str, Any] = api.changes().watch(pageToken=start(api), body=body).execute()
    return answer


def test_a_channel_tells_of_changes_until_it_is_stopped(api: Any, ana: Person, listener: Listener) -> None:
    channel = watch(api, listener, "chan-1")
    assert listener.states(1) == ["sync"]
    ana.drop("root", "a", b"1")
    assert listener.states(2) == ["sync", "change"]
    sync, change = listener.messages
    assert sync["x-goog-message-number"] == "1" and int(change["x-goog-message-number"]) > 1
    assert (change["x-goog-channel-id"], change["x-goog-channel-token"]) == ("chan-1", "s3cret")
    assert change["x-goog-resource-id"] == channel["resourceId"] and change["content-length"] == "0"
    assert change["x-goog-channel-expiration"].endswith("GMT")
    with refused(400, "channelIdNotUnique"):
        watch(api, listener, "chan-1")
    with refused(404, "notFound"):
        api.channels().stop(body={"id": "chan-1", "resourceId": "other"}).execute()
    api.channels().stop(body={"id": "chan-1", "resourceId": channel["resourceId"]}).execute()
    ana.drop("root", "b", b"1")
    with refused(404, "notFound"):
        api.channels().stop(body={"id": "chan-1", "resourceId": channel["resourceId"]}).execute()
    assert listener.states(2) == ["sync", "change"]


def test_channels_end_after_a_week_at_most(
    drive: DriveServer, api: Any, ana: Person, listener: Listener
) -> None:
    now_ms = int(drive.clock.now().timestamp() * 1000)
    month = str(now_ms + 30 * 86_400_000)
    week = int(watch(api, listener, "chan-2", expiration=month)["expiration"])
    hour = int(watch(api, listener, "chan-3")["expiration"])
    assert round((week - now_ms) / 86_400_000) == 7 and round((hour - now_ms) / 3_600_000) == 1
    assert listener.states(2) == ["sync", "sync"]
    drive.advance(3700)
    fresh = drive.service(ana.grant())
    ana.drop("root", "a", b"1")
    assert listener.states(3) == ["sync", "sync", "change"]
    assert fresh.files().list().execute()["files"]


def test_pushes_are_doubled_lost_and_sent_again(drive: DriveServer, api: Any, ana: Person) -> None:
    drive.pushes.retry_s = (0.05,)
    listener = Listener([204, 503])
    try:
        watch(api, listener, "chan-4")
        drive.pushes.times = 2
        ana.drop("root", "a", b"1")
        assert listener.states(4) == ["sync", "change", "change", "change"]
        drive.pushes.lose_every = 1
        ana.drop("root", "b", b"1")
        drive.pushes.lose_every = 0
    finally:
        listener.close()


def test_one_file_can_be_watched(api: Any, ana: Person, listener: Listener) -> None:
    folder = ana.folder("F")
    body = {"id": "chan-5", "type": "web_hook", "address": listener.url}
    api.files().watch(fileId=folder, body=body).execute()
    assert listener.states(1) == ["sync"]
    ana.drop(folder, "a", b"1")
    assert listener.states(2) == ["sync", "update"]
    assert listener.messages[1]["x-goog-changed"] == "children"
    ana.trash(folder)
    assert listener.states(3)[2] == "trash"


# scopes


def test_drive_file_sees_only_what_the_app_made_or_the_user_picked(drive: DriveServer, ana: Person) -> None:
    api = drive.service(ana.grant(["drive.file"]))
    foreign = ana.drop("root", "foreign.png", b"1")
    token = start(api)
    own = api.files().create(body={"name": "own.png"}).execute()["id"]
    ana.rename(foreign, "foreign2.png")
    assert found(api, "'root' in parents") == ["own.png"]
    assert changes(api, token)[0] == ["own.png"]
    with refused(404, "notFound"):
        told(api, foreign)
    with refused(404, "notFound"):
        told(api, "root")
    ana.pick(foreign)
    assert told(api, foreign)["name"] == "foreign2.png" and told(api, own)["isAppAuthorized"]


def test_narrow_scopes_are_refused(drive: DriveServer, ana: Person) -> None:
    file_id = ana.drop("root", "a.png", b"1")
    reader = drive.service(ana.grant(["drive.readonly"]))
    assert reader.files().get_media(fileId=file_id).execute() == b"1"
    with refused(403, "insufficientPermissions"):
        reader.files().create(body={"name": "x"}).execute()
    with refused(403, "insufficientPermissions"):
        drive.service(ana.grant(["drive.metadata.readonly"])).files().get_media(fileId=file_id).execute()


# oauth


def authorize(drive: DriveServer, **more: str) -> httpx.Response:
    verifier_hash = hashlib.sha256(b"v" * 43).digest()
    asked = {
        "client_id": drive.default_client.id,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": f"openid email {SCOPE}drive",
        "state": "st",
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge": base64.urlsafe_b64encode(verifier_hash).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    } | more
    return http_client.get(drive.environ()["GOOGLE_AUTH_URL"], params=asked)


def came_back(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["location"]).query))


def ask_token(drive: DriveServer, **more: str) -> httpx.Response:
    client = {"client_id": drive.default_client.id, "client_secret": drive.default_client.secret}
    return http_client.post(drive.environ()["GOOGLE_TOKEN_URL"], data=client | more)


def exchange(drive: DriveServer, code: str, verifier: str = "v" * 43) -> httpx.Response:
    return ask_token(
        drive, grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=verifier
    )


def test_the_consent_page_says_yes_or_no(drive: DriveServer, ana: Person) -> None:
    page = authorize(drive)
    assert page.status_code == 200 and ana.email in page.text and f"{SCOPE}drive" in page.text
    form = {"account": ana.email, "scope": f"{SCOPE}drive", "decision": "allow"}
    told = came_back(http_client.post(page.url, data=form))
    assert told["state"] == "st" and f"{SCOPE}drive" in told["scope"].split()
    assert came_back(http_client.post(page.url, data=form | {"decision": "deny"})) == {
        "error": "access_denied",
        "state": "st",
    }
    tokens = exchange(drive, told["code"]).json()
    assert tokens["token_type"] == "Bearer" and tokens["refresh_token"]
    assert set(tokens["scope"].split()) == {"openid", SCOPE + "userinfo.email", SCOPE + "drive"}
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    me = http_client.get(drive.environ()["GOOGLE_USERINFO_URL"], headers=headers).json()
    assert (me["sub"], me["email"]) == (ana.user.sub, ana.email)
    assert signed_claims(drive, tokens["id_token"])["sub"] == ana.user.sub


def signed_claims(drive: DriveServer, token: str) -> dict[str, Any]:
    """What an ID token says, its signature checked by the published key."""
    key = http_client.get(f"{drive.url}/oauth2/v3/certs").json()["keys"][0]
    e, n = (int.from_bytes(base64.urlsafe_b64decode(key[one] + "==")) for one in ("e", "n"))
    public = rsa.RSAPublicNumbers(e, n).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(serialization.Encoding.PEM, form)
    claims: dict[str, Any] = google.auth.jwt.decode(token, certs=pem, audience=drive.default_client.id)
    return claims


def test_a_code_works_once_and_with_its_verifier(drive: DriveServer, ana: Person) -> None:
    drive.auto_approve = ana.email
    first = came_back(authorize(drive))["code"]
    assert exchange(drive, first).status_code == 200
    assert exchange(drive, first).json()["error"] == "invalid_grant"
    second = came_back(authorize(drive))["code"]
    assert exchange(drive, second, "w" * 43).json()["error"] == "invalid_grant"
    assert ask_token(drive, client_secret="wrong", grant_type="refresh_token").status_code == 401


def test_wrong_requests_stay_on_googles_page(drive: DriveServer) -> None:
    assert "redirect_uri_mismatch" in authorize(drive, redirect_uri="https://evil.example/cb").text
    assert "invalid_client" in authorize(drive, client_id="nobody").text
    assert authorize(drive, response_type="token").status_code == 400


def test_a_refresh_token_comes_with_the_first_consent_or_when_asked_again(
    drive: DriveServer, ana: Person
) -> None:
    drive.auto_approve = ana.email

    def has_refresh(**more: str) -> bool:
        return "refresh_token" in exchange(drive, came_back(authorize(drive, **more))["code"]).json()

    assert not has_refresh(access_type="online", prompt="")
    assert not has_refresh(prompt="")
    assert has_refresh()
    ana.revoke_apps()
    assert has_refresh(prompt="")


def test_a_user_may_grant_less_than_asked(drive: DriveServer, ana: Person) -> None:
    drive.auto_approve, drive.auto_scopes = ana.email, set()
    tokens = exchange(drive, came_back(authorize(drive))["code"]).json()
    assert f"{SCOPE}drive" not in tokens["scope"]


@pytest.mark.parametrize("which", ["access", "refresh"])
def test_a_revoked_grant_is_dead_everywhere(drive: DriveServer, ana: Person, which: str) -> None:
    tokens = ana.grant()
    credentials, api = drive.credentials(tokens), drive.service(tokens)
    revoke = drive.environ()["GOOGLE_REVOKE_URL"]
    assert http_client.post(revoke, data={"token": getattr(tokens, which)}).status_code == 200
    assert http_client.post(revoke, data={"token": tokens.refresh}).json()["error"] == "invalid_token"
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        credentials.refresh(google.auth.transport.requests.Request())
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        api.files().list().execute()
    headers = {"Authorization": f"Bearer {tokens.access}"}
    answer = http_client.get(f"{drive.url}/drive/v3/files", headers=headers)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (401, "authError")


def test_access_tokens_end_and_are_refreshed_by_the_library(drive: DriveServer, ana: Person) -> None:
    drive.oauth.access_token_s = 60
    api = drive.service(ana.grant())
    drive.advance(61)
    assert api.files().list().execute()["files"] == []
    assert drive.calls()["oauth.token"] >= 1
    ana.expire_refresh_tokens()
    drive.advance(61)
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        api.files().list().execute()


def test_test_mode_ends_after_seven_days(drive: DriveServer, ana: Person) -> None:
    app = drive.client("in-test", "secret", [], test_mode=True)
    credentials = drive.credentials(ana.grant(client=app))
    request = google.auth.transport.requests.Request()
    credentials.refresh(request)
    drive.advance(7 * 86400 + 1)
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        credentials.refresh(request)


# faults


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("rateLimitExceeded", 403, "rateLimitExceeded"),
        ("userRateLimitExceeded", 403, "userRateLimitExceeded"),
        ("storageQuotaExceeded", 403, "storageQuotaExceeded"),
        ("insufficientPermissions", 403, "insufficientPermissions"),
        ("notFound", 404, "notFound"),
        ("429", 429, "rateLimitExceeded"),
        ("500", 500, "internalError"),
        ("503", 503, "backendError"),
    ],
)
def test_errors_on_demand(drive: DriveServer, api: Any, kind: str, status: int, reason: str) -> None:
    fault = drive.fault(kind, "files.list", times=1, skip=1, retry_after=7)
    api.files().list().execute()
    with pytest.raises(HttpError) as caught:
        api.files().list().execute()
    assert (caught.value.status_code, caught.value.error_details[0]["reason"]) == (status, reason)
    assert caught.value.resp["retry-after"] == "7"
    api.files().list().execute()
    assert fault.hits == 1 and drive.calls()["files.list"] == 3


def test_the_library_refreshes_and_repeats_after_a_401(drive: DriveServer, api: Any) -> None:
    fault = drive.fault("authError", "files.list", times=1)
    api.files().list().execute()
    assert fault.hits == 1 and drive.calls() == {"files.list": 2, "oauth.token": 1}


def test_faults_by_chance_follow_from_a_seed(drive: DriveServer, api: Any) -> None:
    def run() -> list[bool]:
        drive.faults.seed(5)
        outcomes = []
        for _ in range(20):
            try:
                api.about().get(fields="user").execute()
                outcomes.append(True)
            except HttpError:
                outcomes.append(False)
        return outcomes

    drive.fault("503", probability=0.3)
    first = run()
    assert run() == first and 0 < first.count(False) < 20


def test_a_cut_after_the_action_leaves_the_file(drive: DriveServer, ana: Person) -> None:
    headers = {"Authorization": f"Bearer {ana.grant().access}"}
    for kind, there in (("cut_before", []), ("cut_after", ["a"])):
        drive.fault(kind, "files.create", times=1)
        with pytest.raises(httpx.TransportError):
            http_client.post(f"{drive.url}/drive/v3/files", json={"name": "a"}, headers=headers)
        assert ana.names() == there


def test_cuts_in_the_middle_of_a_body(drive: DriveServer, ana: Person) -> None:
    headers = {"Authorization": f"Bearer {ana.grant().access}"}
    file_id = ana.drop_generated("root", "big.bin", 8 * UNIT)
    drive.fault("cut_response", "files.get", times=1)
    got = bytearray()
    with (
        pytest.raises(httpx.TransportError),
        http_client.stream(
            "GET", f"{drive.url}/drive/v3/files/{file_id}?alt=media", headers=headers
        ) as answer,
    ):
        for data in answer.iter_bytes():
            got += data
    assert 0 < len(got) <= 4 * UNIT
    place, _ = open_session(drive, ana, 8 * UNIT)
    drive.fault("cut_request", "upload.chunk", times=1)
    with pytest.raises(httpx.TransportError):
        http_client.put(place, content=b"x" * 8 * UNIT, headers=headers)
    for _ in range(50):
        asked = http_client.put(place, headers=headers | {"Content-Range": f"bytes */{8 * UNIT}"})
        if "range" in asked.headers:
            break
        time.sleep(0.02)
    assert asked.headers["range"] == f"bytes=0-{4 * UNIT - 1}"


def test_the_library_finds_a_finished_upload_whose_answer_was_lost(
    drive: DriveServer, api: Any, ana: Person
) -> None:
    media = MediaIoBaseUpload(io.BytesIO(b"x" * UNIT), "image/png", chunksize=UNIT, resumable=True)
    request = api.files().create(body={"name": "a"}, media_body=media)
    drive.fault("cut_after", "upload.chunk", times=1, reset=True)
    with pytest.raises(ConnectionResetError):
        request.next_chunk()
    _, answer = request.next_chunk()
    assert [answer["id"]] == [one["id"] for one in ana.children()]


def test_after_a_closed_connection_the_library_sends_again_by_itself(
    drive: DriveServer, api: Any, ana: Person
) -> None:
    drive.fault("cut_after", "files.create", times=1)
    api.files().create(body={"name": "twice"}).execute()
    assert ana.names() == ["twice", "twice"]
    reserved = api.files().generateIds(count=1).execute()["ids"][0]
    drive.fault("cut_after", "files.create", times=1)
    with refused(409, "fileIdInUse"):
        api.files().create(body={"id": reserved, "name": "once"}).execute()
    assert ana.names() == ["once", "twice", "twice"]


def test_a_late_answer_is_of_something_that_was_done(drive: DriveServer, ana: Person) -> None:
    headers = {"Authorization": f"Bearer {ana.grant().access}"}
    for kind, there in (("slow", []), ("slow_answer", ["a"])):
        drive.fault(kind, "files.create", seconds=0.3, times=1)
        with pytest.raises(httpx.ReadTimeout):
            http_client.post(f"{drive.url}/drive/v3/files", json={"name": "a"}, headers=headers, timeout=0.1)
        deadline = time.monotonic() + 5
        while ana.names() != there and time.monotonic() < deadline:
            time.sleep(0.01)
        assert ana.names() == there


# from another process


def test_everything_can_be_ruled_over_http(drive: DriveServer) -> None:
    remote = RemoteDrive(drive.url)
    eva = remote.user("eva@example.com")
    folder = eva.folder("Creator/Portrait")
    file_id = eva.drop(folder, "a.png", b"\x00\xff", modified="2024-01-01T00:00:00Z")
    assert eva.read("Creator/Portrait/a.png") == b"\x00\xff"
    assert eva.file(file_id)["modifiedTime"] == "2024-01-01T00:00:00.000Z"
    growing = eva.drop_growing(folder, "g.bin", [b"a", b"b"], every_s=0.01)
    deadline = time.monotonic() + 5
    while "md5Checksum" not in eva.file(growing["id"]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert eva.read(growing["id"]) == b"ab"
    remote.set("pushes.times", 2)
    assert drive.pushes.times == 2
    remote.fault("503", "files.list", times=1)
    assert remote.calls() == {}
    with pytest.raises(RuntimeError, match="no setting"):
        remote.set("nonsense", 1)


def test_a_big_file_takes_no_memory(drive: DriveServer, ana: Person) -> None:
    file_id = ana.drop_generated("root", "big.bin", 64 * 1024 * 1024)
    headers = {"Authorization": f"Bearer {ana.grant().access}"}
    seen = hashlib.md5()
    with http_client.stream(
        "GET", f"{drive.url}/drive/v3/files/{file_id}?alt=media", headers=headers
    ) as answer:
        for data in answer.iter_bytes():
            seen.update(data)
    assert seen.hexdigest() == ana.file(file_id)["md5Checksum"]


def test_it_runs_alone() -> None:
    command = [sys.executable, "-m", "tests.peers.drive", "--port", "0", "--user", "zoe@example.com"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            zoe = RemoteDrive(url).user("zoe@example.com")
            zoe.drop(zoe.folder("In/Deep"), "a.png", b"1")
            assert zoe.paths() == ["In/", "In/Deep/", "In/Deep/a.png"]
        finally:
            process.terminate()
