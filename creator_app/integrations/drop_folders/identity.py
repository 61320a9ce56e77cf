"""How a file on disk is told from others, and from what it was before.

A file's **id** stays when people rename or move it. It is the number that the file system gave it (its inode)
together with the moment it was made: numbers are used again, on ext4 at once, and the same picture dropped a
second time after the first was deleted is another file. The moment counts only where it has always been kept:
an id that begins to have one after an update would make every file new. The device's number is no part of it:
network disks, btrfs and others get another one each time they are mounted. Below a mount point within the
root, the way to that mount point is.

Some file systems make numbers up as they go (FAT, most of FUSE, Windows shares mounted with ``noserverino``).
There the id is the way to the file, so that a renamed file is a new one.

Two hard links are one file. The **version** is its size and the time it was last written.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creator_app.integrations.drop_folders.disk import Facts, mount_of

#: File systems whose numbers stay through a restart.
_NUMBERED: Final = (
    *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "bcachefs", "overlay", "tmpfs", "ramfs"),
    *("nfs", "nfs4", "ntfs", "ntfs3", "ceph", "lustre", "gpfs", "gfs2", "ocfs2", "fuse.glusterfs"),
)
_NUMBERED_IF_ASKED: Final = frozenset({"cifs", "smb3"})
#: Those that have kept the moment of birth for as long as Linux has told of it.
_DATED: Final = frozenset({"ext4", "xfs", "btrfs", "f2fs", "overlay"})


@dataclass(frozen=True)
class Ground:
    """What the files of one mounted file system are told apart by.

    Attributes:
        mark: of the mount point; empty for the root's own file system.
        numbered: files have numbers that stay.
        dated: and a moment of birth.
    """

    mark: str = ""
    numbered: bool = True
    dated: bool = True


def ground_of(root: Path, path: tuple[str, ...], mount_point: tuple[str, ...]) -> Ground:
    """How files in a folder are told apart.

    Args:
        root: all ids are relative to it.
        path: of the folder below the root.
        mount_point: the first part of ``path``, up to where another file system begins; empty: none does.
    """
    mark = _hash("/".join(mount_point))[:8] if mount_point else ""
    mount = mount_of(root.joinpath(*path))
    if mount is None:  # not Linux: their own file systems have numbers and dates
        return Ground(mark)
    asked = mount.kind in _NUMBERED_IF_ASKED and "serverino" in mount.options
    return Ground(mark, mount.kind in _NUMBERED or asked, mount.kind in _DATED)


def id_of(path: tuple[str, ...], facts: Facts, ground: Ground) -> str:
    """The id of a file or folder.

    Args:
        path: below the root.
        facts: of the file.
        ground: of the folder that it lies in.
    """
    if not ground.numbered:
        return f"p-{_hash('/'.join(path))[:32]}"
    born = f"-{facts.born_ns:x}" if ground.dated and facts.born_ns is not None else ""
    return f"i{ground.mark}-{facts.number:x}{born}"


def version_of(facts: Facts) -> str:
    """The version of a file's content, as far as the file system tells."""
    return f"{facts.size}-{facts.written_ns}"


def _hash(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()
