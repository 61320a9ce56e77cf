"""Writing where people look: a file is seen whole or not at all, and nothing is written over.

A name is kept by a hidden claim from the moment it is reserved until the file has it. So of two files of ours
with the same name and content each gets its own, and what lies under a reserved name is what was put there.
"""

import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

from creator_app.integrations.drop_folders import disk, names
from creator_app.integrations.drop_folders.base import Upload
from creator_app.integrations.drop_folders.directory_memory import PREFIX, md5_of
from creator_app.integrations.drop_folders.errors import NameTaken, PlaceBusy

_CHUNK_BYTES: Final = 256 * 1024
_RESERVED: Final = "new"
#: What a killed writer left is taken away after this; no write takes as long.
_LEFTOVER_NS: Final = 24 * 3600 * 10**9
#: Names are kept for as long as a delivery may be tried.
_CLAIM_NS: Final = 15 * 24 * 3600 * 10**9
_CLAIM_LOOKS: Final = 50
_CLAIM_REST_S: Final = 0.01
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def probe(folder_fd: int) -> None:
    """Tries whether a folder can be written.

    Raises:
        OSError: it can't.
    """
    with _unfinished(folder_fd, "probe"):
        pass


def reserve(folder_fd: int, name: str) -> str:
    """Keeps a free name.

    Returns:
        What `put` and `arrived` ask for: the name, and whose it is.
    """
    token = secrets.token_hex(8)
    wanted = names.clean(name)
    for candidate in (*names.candidates(wanted), f"{token}-{wanted}"):
        if _exists(folder_fd, candidate) or not _claim(folder_fd, candidate, token):
            continue
        if not _exists(folder_fd, candidate):
            return f"{_RESERVED}:{token}:{candidate}"
        _let_go(folder_fd, candidate)  # somebody took it between the look and the claim
    raise NameTaken


def put(folder_fd: int, upload: Upload, source: BinaryIO) -> str:
    """Writes a file under the name that was reserved for it.

    Returns:
        Its name.

    Raises:
        FileExistsError: somebody has taken the name.
        PlaceBusy: what was written is not what was to be.
        OSError: the disk refused.
    """
    token, name = _reserved(upload.id)
    if not _holds(folder_fd, name, token):
        raise NameTaken
    with _unfinished(folder_fd, token) as (file, unfinished):
        digest = hashlib.md5(usedforsecurity=False)
        size = source.seek(0)
        while piece := source.read(_CHUNK_BYTES):
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        if size != upload.size or (upload.md5 and digest.hexdigest() != upload.md5):
            raise PlaceBusy(detail=f"{size} bytes came, {upload.size} were announced, or their md5 differs.")
        disk.write_marks(file.fileno(), dict(upload.properties))
        file.flush()
        os.fsync(file.fileno())
        file.close()
        try:
            disk.rename_new(folder_fd, unfinished, folder_fd, name)
        except FileExistsError:
            if arrived(folder_fd, upload) is None:
                _let_go(folder_fd, name)
                raise
    disk.flush_folder(folder_fd)
    _let_go(folder_fd, name)
    return name


def arrived(folder_fd: int, upload: Upload) -> str | None:
    """The name under which an earlier `put` of this upload left its file, if it did."""
    token, name = _reserved(upload.id)
    if _claimed_by(folder_fd, name) not in (None, "", token):
        return None
    try:
        facts = disk.facts_at(folder_fd, name)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(facts.mode) or facts.size != upload.size:
        return None
    if upload.md5 and md5_of(folder_fd, name) != upload.md5:
        return None
    marks = disk.read_marks(folder_fd, name, PREFIX)
    if any(marks.get(key, value) != value for key, value in upload.properties.items()):
        return None
    if _claimed_by(folder_fd, name) == token:
        _let_go(folder_fd, name)
    return name


def write_text(folder_fd: int, name: str, text: str) -> None:
    """Writes a small text, whole; over what was there."""
    body = text.encode()
    with suppress(OSError):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
        with os.fdopen(fd, "rb") as file:
            if file.read(len(body) + 1) == body:
                return
    with _unfinished(folder_fd, "text") as (file, unfinished):
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
        os.replace(unfinished, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)


def move(from_fd: int, name: str, to_fd: int) -> str:
    """Moves a file into another folder, under a free name there.

    Returns:
        Its name there.

    Raises:
        OSError: whatever a rename raises.
    """
    facts = disk.facts_at(from_fd, name)
    for candidate in names.candidates(name):
        try:
            _move_as(from_fd, name, facts, to_fd, candidate)
        except FileExistsError:
            continue
        disk.flush_folder(to_fd)
        return candidate
    raise NameTaken


def _move_as(from_fd: int, name: str, facts: disk.Facts, to_fd: int, new_name: str) -> None:
    try:
        disk.rename_new(from_fd, name, to_fd, new_name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(from_fd, name, facts, to_fd, new_name)


def _copy_over(from_fd: int, name: str, facts: disk.Facts, to_fd: int, new_name: str) -> None:
    """Copies a file to another disk, and deletes it here once it is there; times are kept."""
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=from_fd), "rb") as source:
        if _same_copy(to_fd, new_name, facts, from_fd, name):  # copied before, and killed before the deletion
            os.unlink(name, dir_fd=from_fd)
            return
        with _unfinished(to_fd, "move") as (file, unfinished):
            digest = hashlib.md5(usedforsecurity=False)
            while piece := source.read(_CHUNK_BYTES):
                file.write(piece)
                digest.update(piece)
            file.flush()
            os.utime(file.fileno(), ns=(facts.written_ns, facts.written_ns))
            os.fsync(file.fileno())
            file.close()
            if disk.facts_of(source.fileno()) != facts or md5_of(to_fd, unfinished) != digest.hexdigest():
                raise PlaceBusy(detail="The file changed while it was moved to another disk.")
            disk.rename_new(to_fd, unfinished, to_fd, new_name)
    os.unlink(name, dir_fd=from_fd)


def _same_copy(to_fd: int, new_name: str, facts: disk.Facts, from_fd: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        there = disk.facts_at(to_fd, new_name)
        if stat.S_ISREG(there.mode) and (there.size, there.written_ns) == (facts.size, facts.written_ns):
            found = md5_of(to_fd, new_name)
            return found is not None and found == md5_of(from_fd, name)
    return False


@contextmanager
def _unfinished(folder_fd: int, token: str) -> Iterator[tuple[BinaryIO, str]]:
    """A hidden file to write into; gone at the end, unless it was given another name."""
    name = f"{names.OWN}{token}-{secrets.token_hex(6)}.part"
    try:
        with os.fdopen(os.open(name, _NEW_FILE, 0o666, dir_fd=folder_fd), "wb") as file:
            yield file, name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder_fd)


def _claim(folder_fd: int, name: str, token: str) -> bool:
    try:
        fd = os.open(names.claim_of(name), _NEW_FILE, 0o666, dir_fd=folder_fd)
    except FileExistsError:
        return False
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(token.encode())
    except OSError:  # an empty claim would keep the name from everybody
        _let_go(folder_fd, name)
        raise
    return True


def _holds(folder_fd: int, name: str, token: str) -> bool:
    """Whether a name is kept for this token; claimed again where the claim is gone."""
    for _ in range(_CLAIM_LOOKS):
        if _claim(folder_fd, name, token):
            return True
        owner = _claimed_by(folder_fd, name)
        if owner:
            return owner == token
        time.sleep(_CLAIM_REST_S)  # it is let go, or written, at this very moment
    return False


def _claimed_by(folder_fd: int, name: str) -> str | None:
    try:
        fd = os.open(names.claim_of(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        return file.read(64).decode(errors="replace")


def _let_go(folder_fd: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(names.claim_of(name), dir_fd=folder_fd)


def _reserved(upload_id: str) -> tuple[str, str]:
    word, _, rest = upload_id.partition(":")
    token, _, name = rest.partition(":")
    if word != _RESERVED or not name:
        raise NameTaken  # reserved by another kind of place: reserve again
    return token, name


def _exists(folder_fd: int, name: str) -> bool:
    try:
        disk.facts_at(folder_fd, name)
    except FileNotFoundError:
        return False
    return True


def sweep(folder_fd: int, now_ns: int) -> None:
    """Takes away what killed writers left in a folder.

    Args:
        folder_fd: the folder.
        now_ns: the time by the clock of its own disk, as a file has it that was written just now.
    """
    for name in disk.names_in(folder_fd):
        if not name.startswith(names.OWN):
            continue
        with suppress(OSError):
            age_ns = now_ns - disk.facts_at(folder_fd, name).changed_ns
            if age_ns > (_LEFTOVER_NS if name.endswith(".part") else _CLAIM_NS):
                os.unlink(name, dir_fd=folder_fd)
