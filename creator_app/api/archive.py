"""Several stored files as one zip, made while it is sent: no copy on disk, one chunk in memory."""

import zipfile
from collections.abc import Iterable, Iterator
from io import RawIOBase
from pathlib import PurePath

from creator_app.integrations.storage import Storage


class _Pipe(RawIOBase):
    """Collects what the zip writer writes until it is sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def zipped(storage: Storage, files: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """The bytes of a zip.

    Args:
        storage: where the files lie.
        files: storage key and name of each; equal names are numbered. Stored as they are: pictures don't
        shrink.
    """
    pipe = _Pipe()
    used: set[str] = set()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for key, name in files:
            with archive.open(zipfile.ZipInfo(_unused(name, used)), "w", force_zip64=True) as entry:
                for chunk in storage.open(key):
                    entry.write(chunk)
                    yield pipe.taken()
            yield pipe.taken()
    yield pipe.taken()


def _unused(name: str, used: set[str]) -> str:
    path = PurePath(name)
    candidate, n = name, 1
    while candidate in used:
        n += 1
        candidate = f"{path.stem} {n}{path.suffix}"
    used.add(candidate)
    return candidate
