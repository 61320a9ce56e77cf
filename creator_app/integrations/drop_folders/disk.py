"""What Python's ``os`` does not tell or do: when a file was born, on what disk it lies, how it gets its name.

Everything works relative to an open folder, so that a link that somebody puts in the way leads nowhere.
"""

import ctypes
import errno
import fcntl
import os
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_STATX: Final[Callable[..., int] | None] = getattr(_LIBC, "statx", None)
_RENAMEAT2: Final[Callable[..., int] | None] = getattr(_LIBC, "renameat2", None)

_AT_SYMLINK_NOFOLLOW: Final = 0x100
_AT_EMPTY_PATH: Final = 0x1000
_BASIC_AND_BIRTH: Final = 0xFFF
_HAS_BIRTH: Final = 0x800
_NO_REPLACE: Final = 1
# struct statx of Linux: https://man7.org/linux/man-pages/man2/statx.2.html
_LAYOUT: Final = struct.Struct("=IIQIIIHxxQQQQ" + "qIxxxx" * 4 + "IIII")

_NO_SUCH_CALL: Final = frozenset(
    {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.EMLINK}
)
_MOUNTS: Final = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Facts:
    """What the file system says of a file; times in nanoseconds.

    Attributes:
        born_ns: when it was made, where the file system keeps that; stays when it is renamed or written to.
        changed_ns: when anything about it last changed: content, name or rights. Nobody can set it.
    """

    device: int
    number: int
    mode: int
    size: int
    written_ns: int
    changed_ns: int
    born_ns: int | None


@dataclass(frozen=True)
class Mount:
    """A mounted file system.

    Attributes:
        point: where.
        kind: ``ext4``, ``nfs4``, ``fuse.sshfs``, …
        options: of the mount and the file system.
    """

    point: str
    kind: str
    options: frozenset[str]


def facts_at(folder_fd: int, name: str) -> Facts:
    """Facts of what has this name in an open folder; of a link itself, not of where it leads.

    Raises:
        OSError: as ``os.stat`` does.
    """
    if _STATX is None:
        return _of_stat(os.stat(name, dir_fd=folder_fd, follow_symlinks=False))
    return _statx(folder_fd, os.fsencode(name), _AT_SYMLINK_NOFOLLOW)


def facts_of(fd: int) -> Facts:
    """Facts of an open file or folder."""
    return _of_stat(os.fstat(fd)) if _STATX is None else _statx(fd, b"", _AT_EMPTY_PATH)


def _statx(fd: int, name: bytes, flags: int) -> Facts:
    assert _STATX is not None  # noqa: S101
    buffer = ctypes.create_string_buffer(256)
    if _STATX(fd, name, flags, _BASIC_AND_BIRTH, buffer) != 0:
        number = ctypes.get_errno()
        if number in (errno.ENOSYS, errno.EPERM):  # an old kernel, or a container that does not allow it
            return _of_stat(
                os.stat(name, dir_fd=fd, follow_symlinks=False) if name else os.fstat(fd),
            )
        raise OSError(number, os.strerror(number), os.fsdecode(name) or None)
    found = _LAYOUT.unpack_from(buffer)
    mask, mode, inode, size = found[0], found[6], found[7], found[8]
    times = [seconds * 10**9 + nanos for seconds, nanos in zip(found[11:19:2], found[12:19:2], strict=True)]
    _, born, changed, written = times
    device = os.makedev(found[21], found[22])
    return Facts(device, inode, mode, size, written, changed, born if mask & _HAS_BIRTH else None)


def _of_stat(found: os.stat_result) -> Facts:
    born: Any = getattr(found, "st_birthtime", None)
    return Facts(
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
        int(born * 10**9) if born is not None else None,
    )


def names_in(folder_fd: int) -> list[str]:
    """The names in an open folder, in no order."""
    with os.scandir(folder_fd) as found:
        return [entry.name for entry in found]


def mount_of(path: Path) -> Mount | None:
    """The file system that a path lies on; ``None`` where the system does not tell."""
    try:
        lines = os.fsdecode(_MOUNTS.read_bytes()).splitlines()
    except OSError:
        return None
    best: Mount | None = None
    for line in lines:  # https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
        left, _, right = line.partition(" - ")
        before, after = left.split(" "), right.split(" ")
        if len(before) < 6 or len(after) < 3:
            continue
        point = _plain(before[4])
        if not path.is_relative_to(point) or (best is not None and len(point) < len(best.point)):
            continue
        best = Mount(point, after[0], frozenset(f"{before[5]},{after[2]}".split(",")))
    return best


def _plain(text: str) -> str:
    for code, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, sign)
    return text


def rename_new(from_fd: int, name: str, to_fd: int, new_name: str) -> None:
    """Gives a file another name, never one that is taken; in one step where the file system can.

    Raises:
        FileExistsError: the name is taken.
        OSError: ``EXDEV`` for another file system, and whatever a rename raises.
    """
    if _RENAMEAT2 is not None:
        if not _RENAMEAT2(from_fd, os.fsencode(name), to_fd, os.fsencode(new_name), _NO_REPLACE):
            return
        number = ctypes.get_errno()
        if number not in _NO_SUCH_CALL:
            raise OSError(number, os.strerror(number), new_name)
    try:
        os.link(name, new_name, src_dir_fd=from_fd, dst_dir_fd=to_fd, follow_symlinks=False)
    except FileExistsError:
        # NFS may say so of our own link, when its first answer was lost.
        if facts_at(from_fd, name).number != facts_at(to_fd, new_name).number:
            raise
    except OSError as error:
        if error.errno not in _NO_SUCH_CALL:
            raise
        _rename_looked(from_fd, name, to_fd, new_name)
        return
    os.unlink(name, dir_fd=from_fd)


def _rename_looked(from_fd: int, name: str, to_fd: int, new_name: str) -> None:
    """For file systems that know neither: what comes between the look and the rename is written over."""
    with suppress(FileNotFoundError):
        facts_at(to_fd, new_name)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new_name)
    os.rename(name, new_name, src_dir_fd=from_fd, dst_dir_fd=to_fd)


def is_being_written(fd: int) -> bool:
    """Whether some program of this machine has the file open for writing, as far as can be told.

    A read lease is only given where nobody writes: https://man7.org/linux/man-pages/man2/F_GETLEASE.2const.html.
    Network file systems and files of other users can't be asked: then the answer is no.
    """
    if sys.platform != "linux":
        return False
    try:
        # Should somebody open it in this very moment, the signal must be one that does nothing.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def read_marks(folder_fd: int, name: str, prefix: str) -> dict[str, str]:
    """The extended attributes ``user.PREFIX…`` of a file, without the ``user.``; the file is not opened."""
    if not hasattr(os, "listxattr"):
        return {}
    path = f"/proc/self/fd/{folder_fd}/{name}"
    marks = {}
    with suppress(OSError):
        for key in os.listxattr(path, follow_symlinks=False):
            if key.startswith(f"user.{prefix}"):
                value = os.getxattr(path, key, follow_symlinks=False)
                marks[key.removeprefix("user.")] = value.decode(errors="replace")
    return marks


def write_marks(fd: int, marks: dict[str, str]) -> None:
    """Sets extended attributes; where the file system has none, nothing happens."""
    if hasattr(os, "setxattr"):
        with suppress(OSError):
            for key, value in marks.items():
                os.setxattr(fd, f"user.{key}", value.encode())


def flush_folder(fd: int) -> None:
    """Makes new names last through a power cut, where the system can."""
    with suppress(OSError):
        os.fsync(fd)
