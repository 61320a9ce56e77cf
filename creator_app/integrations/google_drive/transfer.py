"""Files on their way from and to Google Drive: in pieces, resumed after breaks, compared at the end.

Downloads: https://developers.google.com/workspace/drive/api/guides/manage-downloads (ranges).
Uploads: https://developers.google.com/workspace/drive/api/guides/manage-uploads (multipart, resumable).
"""

import hashlib
import random
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from creator_app.integrations.drop_folders.base import DropEntry, Upload
from creator_app.integrations.drop_folders.errors import EntryGone, NameTaken, PlaceBusy
from creator_app.integrations.google_drive.api import DriveApi, again, stumbled
from creator_app.integrations.google_drive.entries import FIELDS
from creator_app.integrations.google_drive.errors import from_answer, sorted_error

#: A multiple of 256 KiB, as resumable uploads ask for. A transfer takes about three times as much memory;
#: smaller pieces are slower (`bench/transfer.py`), and cost more calls.
PIECE_BYTES: Final = 8 * 1024 * 1024
#: Up to this size metadata and content go in one request.
ONE_REQUEST_BYTES: Final = 1024 * 1024
_SPARE_IDS: Final = 10
#: Breaks in a row without a byte in between; then the courier tries again later.
_BREAKS_ALLOWED: Final = 5
_LONGEST_PAUSE_S: Final = 2.0
_CHANGED: Final = "This file was changed while it was fetched."


class Downloads:
    """Fetches contents.

    Args:
        api: makes the calls.
        piece_bytes: asked for at a time; so much is held in memory.
    """

    def __init__(self, api: DriveApi, piece_bytes: int = PIECE_BYTES) -> None:
        self._api = api
        self._piece_bytes = piece_bytes

    def open(self, entry: DropEntry, start: int = 0) -> Iterator[bytes]:
        """The content from ``start`` on, in pieces, whatever breaks in between.

        Raises:
            EntryGone: it is not there any more, or its content is another one now.
            PlaceBusy: Google does not answer, or what arrived was damaged on its way.
        """
        size = entry.size if entry.size is not None and entry.md5 else int(self._head(entry)["size"])
        digest = hashlib.md5(usedforsecurity=False)
        at = start
        while at < size:
            piece = self._piece(entry, at, min(self._piece_bytes, size - at), size)
            digest.update(piece)
            at += len(piece)
            yield piece
        if start == 0 and entry.md5 and digest.hexdigest() != entry.md5:
            self._head(entry)  # says so if the file is another one by now
            raise PlaceBusy("The file arrived damaged.", detail="md5 differs")
        if start:
            self._head(entry)

    def _head(self, entry: DropEntry) -> dict[str, Any]:
        """What the file is now, if that is still what was asked for."""
        request = self._api.files.get(
            fileId=entry.content_id or entry.id,
            fields="id,size,md5Checksum,headRevisionId,trashed",
            supportsAllDrives=True,
        )
        head: dict[str, Any] = self._api.read(request)
        if head.get("trashed") or (entry.md5 and head.get("md5Checksum") != entry.md5) or "size" not in head:
            raise EntryGone(_CHANGED)
        return head

    def _piece(self, entry: DropEntry, at: int, length: int, size: int) -> bytes:
        request = self._api.files.get_media(fileId=entry.content_id or entry.id, supportsAllDrives=True)
        headers = {
            **request.headers,
            "range": f"bytes={at}-{at + length - 1}",
            "accept-encoding": "identity",
        }
        return again(lambda: self._ranged(request.uri, headers, at, length, size), tries=_BREAKS_ALLOWED)

    def _ranged(self, uri: str, headers: dict[str, str], at: int, length: int, size: int) -> bytes:
        response, content = self._api.get(uri, headers)
        status = int(response.status)
        if status == 200 and at == 0 and len(content) == size:
            return content  # all of it, although a part was asked for
        if status == 416 or (status == 206 and _total(response) not in (None, size)):
            raise EntryGone(_CHANGED)
        if status != 206:
            if 200 <= status < 300:
                raise PlaceBusy(detail=f"asked for a range, got {status}")
            raise from_answer(status, dict(response), content)
        if not content or len(content) > length:
            raise PlaceBusy(detail=f"asked for {length} bytes, got {len(content)}")
        return content


def _total(response: Any) -> int | None:
    """The whole file's size, as ``Content-Range: bytes 0-9/100`` says it."""
    total = str(response.get("content-range", "")).rpartition("/")[2]
    return int(total) if total.isdigit() else None


class Uploads:
    """Brings files into a Drive, each once.

    Args:
        api: makes the calls.
        piece_bytes: sent at a time, a multiple of 256 KiB; so much is held in memory.
    """

    def __init__(self, api: DriveApi, piece_bytes: int = PIECE_BYTES) -> None:
        self._api = api
        self._piece_bytes = piece_bytes
        self._spare: deque[str] = deque()

    def reserve(self) -> str:
        """An id that Google keeps for a file of ours; with it, the file can't be made twice.

        Several are asked for at once; those that nobody uses cost nothing.
        """
        try:
            return self._spare.popleft()
        except IndexError:
            fresh = self.reserve_many(_SPARE_IDS)
        self._spare.extend(fresh[1:])
        return fresh[0]

    def reserve_many(self, count: int) -> list[str]:
        """Several ids."""
        answer = self._api.read(self._api.files.generateIds(count=count, space="drive", fields="ids"))
        return [str(one) for one in answer["ids"]]

    def put(self, upload: Upload, source: BinaryIO) -> dict[str, Any]:
        """Sends a file whole or not at all.

        Returns:
            The file as Google describes it.

        Raises:
            NameTaken: its id stands for something else: reserve another one.
            PlaceError: as everywhere.
        """
        try:
            if upload.size <= ONE_REQUEST_BYTES:
                made = again(lambda: self._in_one_request(upload, source))
            else:
                made = self._in_pieces(upload, source)
        except _ThereAlready:
            return self._what_is_there(upload)
        if not same(made, upload):
            self._take_back(upload.id)
            raise NameTaken("The file arrived damaged.", detail="md5 differs")
        if made.get("trashed"):  # what is put into a folder that lies in the trash lies there, too
            self._take_back(upload.id)
            raise EntryGone("This folder is in the trash.", hint="Take it out of the trash to go on.")
        return made

    def _in_one_request(self, upload: Upload, source: BinaryIO) -> dict[str, Any]:
        source.seek(0)
        return self._made(self._request(upload, _Media(source, upload, self._piece_bytes, resumable=False)))

    def _made(self, request: Any) -> dict[str, Any]:
        try:
            made: dict[str, Any] = request.execute(http=self._api.door)
        except Exception as error:
            raise _there_already_or(error) from error
        return made

    def _in_pieces(self, upload: Upload, source: BinaryIO) -> dict[str, Any]:
        """The library asks how far it got before it goes on after a break; its own retries would hang.

        A stream that was read once is not wound back by them: each piece is held as bytes instead.
        """
        request = self._request(upload, _Media(source, upload, self._piece_bytes, resumable=True))
        breaks = 0
        while True:
            before = request.resumable_progress
            try:
                made = self._next_piece(request)
            except _SessionLost:
                breaks += 1
                request = self._request(upload, _Media(source, upload, self._piece_bytes, resumable=True))
                if breaks > _BREAKS_ALLOWED:
                    raise PlaceBusy(detail="uploads are forgotten again and again") from None
            except PlaceBusy as error:
                breaks = breaks + 1 if request.resumable_progress == before else 1
                if breaks > _BREAKS_ALLOWED or not stumbled(error):
                    raise
                time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, 0.1 * 2**breaks)))
            else:
                breaks = 0
                if made is not None:
                    return made

    def _next_piece(self, request: Any) -> dict[str, Any] | None:
        """Sends a piece; the file as Google describes it once it is whole."""
        begun = request.resumable_uri is not None
        made: dict[str, Any] | None
        try:
            _, made = request.next_chunk(http=self._api.door)
        except Exception as error:
            if begun and isinstance(error, HttpError) and int(error.resp.status) in (404, 410):
                raise _SessionLost from error
            raise _there_already_or(error) from error
        return made

    def _request(self, upload: Upload, media: MediaIoBaseUpload) -> Any:
        body: dict[str, Any] = {
            "id": upload.id,
            "name": upload.name,
            "parents": [upload.folder_id],
            "mimeType": upload.content_type,
            "appProperties": dict(upload.properties),
        }
        if upload.description:
            body["description"] = upload.description
        return self._api.files.create(body=body, media_body=media, fields=FIELDS, supportsAllDrives=True)

    def _what_is_there(self, upload: Upload) -> dict[str, Any]:
        """The file that has our id already: ours from an answer that was lost, or something else."""
        try:
            found: dict[str, Any] = self._api.read(
                self._api.files.get(fileId=upload.id, fields=FIELDS, supportsAllDrives=True)
            )
        except EntryGone as error:
            raise NameTaken(detail="the reserved id was used up") from error
        if not same(found, upload):
            raise NameTaken(detail="another file has the reserved id")
        return found

    def _take_back(self, file_id: str) -> None:
        try:
            self._api.read(self._api.files.delete(fileId=file_id, supportsAllDrives=True))
        except EntryGone:
            return


def same(found: dict[str, Any], upload: Upload) -> bool:
    """Whether a file at Google's is the one that was to be sent, whole."""
    if upload.md5 and found.get("md5Checksum"):
        return bool(found["md5Checksum"] == upload.md5)
    return int(found.get("size", -1)) == upload.size


class _Media(MediaIoBaseUpload):  # type: ignore[misc]
    """A stream that is read anew for each try, up to one piece at a time."""

    def __init__(self, source: BinaryIO, upload: Upload, piece_bytes: int, *, resumable: bool) -> None:
        super().__init__(source, mimetype=upload.content_type, chunksize=piece_bytes, resumable=resumable)

    def has_stream(self) -> bool:
        """Pieces go out as bytes, so that one can be sent again."""
        return False


class _ThereAlready(Exception):
    """A file with this id is there."""


class _SessionLost(Exception):
    """Google forgot the upload that was under way: it begins anew, with the same id."""


def _there_already_or(error: Exception) -> Exception:
    known = sorted_error(error)
    return _ThereAlready() if isinstance(known, NameTaken) else known
