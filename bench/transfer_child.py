"""Carries one big file in a process of its own, and says how long that took and how much memory.

`bench.transfer` starts it: ``python -m bench.transfer_child`` with a `Task` as JSON.
"""

import dataclasses
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
from minio import Minio

from creator_app.integrations.drop_folders.base import Upload
from creator_app.integrations.google_drive.api import DriveApi
from creator_app.integrations.google_drive.place import GoogleDrivePlace
from creator_app.integrations.storage import open_storage
from creator_app.integrations.storage.s3_address import s3_address

_STATUS = Path("/proc/self/status")
_MIB = 2**20
_KIND = "application/octet-stream"


@dataclass(frozen=True)
class Task:
    """What is carried.

    Attributes:
        way: ``to S3``, ``from S3``, ``to Drive`` or ``from Drive``.
        ours: by Creator's code; else by a plain client.
        address: of the storage, as STORAGE_URL, or of the Drive.
        size: bytes.
        path: the file, for the ways there.
        name: its key, or its id in the Drive.
        md5: of the content, hex.
        token: opens the Drive.
        folder: where it goes in the Drive.
    """

    way: str
    ours: bool
    address: str
    size: int
    path: str = ""
    name: str = ""
    md5: str = ""
    token: str = ""
    folder: str = ""


def main() -> None:
    """Does what it was told and prints seconds, and the growth of the memory's peak in MiB."""
    task = Task(**json.loads(sys.argv[1]))
    carry = _WAYS[task.way, task.ours](task)
    _forget_peak()
    before, began = _now_mib(), time.perf_counter()
    carry()
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "growth": _peak_mib() - before}))


def task_text(task: Task) -> str:
    """The task as this process takes it."""
    return json.dumps(dataclasses.asdict(task))


# Each of these connects, so that what a first call loads is not counted, and returns what is measured.


def _ours_to_s3(task: Task) -> Callable[[], None]:
    storage = open_storage(task.address, "secret")
    storage.prepare()

    def carry() -> None:
        with Path(task.path).open("rb") as source:
            assert storage.put(task.name, source, _KIND).size == task.size

    return carry


def _ours_from_s3(task: Task) -> Callable[[], None]:
    storage = open_storage(task.address, "secret")
    storage.stat(task.name)
    return lambda: _count(storage.open(task.name), task.size)


def _plain_to_s3(task: Task) -> Callable[[], None]:
    address = s3_address(task.address)
    client = Minio(**address.client)
    client.bucket_exists(address.bucket)

    def carry() -> None:
        client.fput_object(address.bucket, task.name, task.path, _KIND)

    return carry


def _plain_from_s3(task: Task) -> Callable[[], None]:
    address = s3_address(task.address)
    client = Minio(**address.client)
    client.bucket_exists(address.bucket)

    def carry() -> None:
        with client.get_object(address.bucket, task.name) as answer:
            _count(answer.stream(_MIB), task.size)

    return carry


def _ours_to_drive(task: Task) -> Callable[[], None]:
    place = _place(task)
    upload = Upload(
        id=place.reserve(task.folder, task.name),
        folder_id=task.folder,
        name=task.name,
        size=task.size,
        content_type=_KIND,
        md5=task.md5,
    )

    def carry() -> None:
        with Path(task.path).open("rb") as source:
            assert place.put(upload, source).md5 == task.md5

    return carry


def _ours_from_drive(task: Task) -> Callable[[], None]:
    place = _place(task)
    entry = place.look(task.name)
    return lambda: _count(place.open(entry), task.size)


def _plain_to_drive(task: Task) -> Callable[[], None]:
    client = _client(task)

    def carry() -> None:
        begun = client.post(
            "/upload/drive/v3/files",
            params={"uploadType": "resumable"},
            json={"name": task.name, "parents": [task.folder]},
            headers={"X-Upload-Content-Type": _KIND, "X-Upload-Content-Length": str(task.size)},
        ).raise_for_status()
        with Path(task.path).open("rb") as source:
            length = {"Content-Length": str(task.size)}
            client.put(begun.headers["location"], content=source, headers=length).raise_for_status()

    return carry


def _plain_from_drive(task: Task) -> Callable[[], None]:
    client = _client(task)

    def carry() -> None:
        with client.stream("GET", f"/drive/v3/files/{task.name}", params={"alt": "media"}) as answer:
            _count(answer.raise_for_status().iter_raw(), task.size)

    return carry


_WAYS: dict[tuple[str, bool], Callable[[Task], Callable[[], None]]] = {
    ("to S3", True): _ours_to_s3,
    ("to S3", False): _plain_to_s3,
    ("from S3", True): _ours_from_s3,
    ("from S3", False): _plain_from_s3,
    ("to Drive", True): _ours_to_drive,
    ("to Drive", False): _plain_to_drive,
    ("from Drive", True): _ours_from_drive,
    ("from Drive", False): _plain_from_drive,
}


def _place(task: Task) -> GoogleDrivePlace:
    return GoogleDrivePlace(DriveApi(task.address, lambda stale=None: task.token))


def _client(task: Task) -> httpx.Client:
    client = httpx.Client(
        base_url=task.address, headers={"Authorization": f"Bearer {task.token}"}, timeout=60
    )
    client.get("/drive/v3/about", params={"fields": "user"}).raise_for_status()
    return client


def _count(pieces: Iterable[bytes], size: int) -> None:
    arrived = sum(len(piece) for piece in pieces)
    assert arrived == size, f"{arrived} of {size} bytes arrived"


def _forget_peak() -> None:
    """From here on the peak is that of the file: "5" resets it, https://man7.org/linux/man-pages/man5/proc.5.html"""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _now_mib() -> float:
    return _status("VmRSS:") if _STATUS.exists() else _peak_mib()


def _peak_mib() -> float:
    if _STATUS.exists():
        return _status("VmHWM:")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB  # bytes on macOS


def _status(name: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
