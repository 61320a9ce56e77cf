"""Real directories, real users, real disks."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from creator_app.integrations.drop_folders import ROOT_ID, DirectoryPlace
from tests.watched_folder.world import Box

_NOBODY = 65534


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A place with one folder."""
    return box_in(tmp_path / "drop")


def box_in(root: Path) -> Box:
    place = DirectoryPlace(root)
    place.prepare()
    folder = place.make_folder(ROOT_ID, "recipe")
    return Box(place, root / "recipe", folder)


@pytest.fixture
def open_box() -> Iterator[Box]:
    """One that other users of this machine may enter."""
    with tempfile.TemporaryDirectory(prefix="drop-") as folder:
        Path(folder).chmod(0o755)
        yield box_in(Path(folder) / "drop")


@pytest.fixture
def as_nobody() -> Callable[[], AbstractContextManager[None]]:
    """Within it this process has no more rights than anybody; root may read everything otherwise."""

    @contextmanager
    def change() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(_NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return change


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """Another disk, of 256 KB; ``None`` where this user may not mount one."""
    point = tmp_path / "disk"
    point.mkdir()
    mount = shutil.which("mount") or "mount"
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=256k", "none", str(point)], capture_output=True, check=False
    )
    if done.returncode != 0:
        yield None
        return
    yield point
    subprocess.run([shutil.which("umount") or "umount", "-l", str(point)], check=True)
