"""Results come whole or not at all, each once, and never over somebody's file."""

import contextlib
import hashlib
import io
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from creator_app.integrations.drop_folders import NameTaken, PlaceBusy, PlaceFull, PlaceRefused, disk, names
from creator_app.integrations.drop_folders import directory_writes as writes
from tests.watched_folder.conftest import box_in
from tests.watched_folder.world import Box

_CONTENT = b"result" * 1000


@pytest.fixture(params=["one step", "old system"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also as on a system that can't rename without replacing, and does not tell when files were made."""
    if request.param == "old system":
        monkeypatch.setattr(disk, "_RENAMEAT2", None)
        monkeypatch.setattr(disk, "_STATX", None)


@pytest.mark.usefixtures("system")
def test_a_result_is_ours_wherever_people_put_it(box: Box) -> None:
    entry = box.put(_CONTENT)
    assert entry.ours
    assert entry.properties == {"creator_job_id": "1", "creator_output": "0"}
    (box.path / "sub").mkdir()
    (box.path / "result.png").rename(box.path / "sub/cat.png")
    moved = box.place.look(entry.id)
    assert moved.ours
    assert not box.drop("mine.png").ours
    assert box.hidden() == []


@pytest.mark.usefixtures("system")
def test_a_name_that_is_taken_gets_a_number(box: Box) -> None:
    box.drop("result.png", b"a person's")
    assert [box.put(_CONTENT).name for _ in range(3)] == ["result-2.png", "result-3.png", "result-4.png"]
    assert (box.path / "result.png").read_bytes() == b"a person's"


@pytest.mark.usefixtures("system")
def test_many_writers_with_the_same_name_and_content_each_get_a_file(box: Box) -> None:
    def bring(number: int) -> str:
        upload = box.upload(_CONTENT, job=str(number))
        found = box.place.find(upload)
        assert found is None, "another one's file was taken for this one's"
        return box.place.put(upload, io.BytesIO(_CONTENT)).name

    with ThreadPoolExecutor(8) as pool:
        brought = list(pool.map(bring, range(40)))
    assert len(set(brought)) == 40
    assert sorted(box.names()) == sorted(brought)
    assert box.hidden() == []


@pytest.mark.usefixtures("system")
def test_two_who_bring_the_same_thing_make_one_file(box: Box) -> None:
    upload = box.upload(_CONTENT)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: box.place.put(upload, io.BytesIO(_CONTENT)), range(8)))
    assert {one.name for one in found} == {"result.png"}
    assert box.names() == ["result.png"]
    assert box.hidden() == []


@pytest.mark.usefixtures("system")
def test_a_name_that_a_person_takes_meanwhile_stays_theirs(box: Box) -> None:
    upload = box.upload(_CONTENT)
    box.drop("result.png", b"a person's")
    with pytest.raises(NameTaken):
        box.place.put(upload, io.BytesIO(_CONTENT))
    assert (box.path / "result.png").read_bytes() == b"a person's"
    assert box.put(_CONTENT).name == "result-2.png"
    assert box.hidden() == []


def test_what_arrived_is_found_again(box: Box) -> None:
    upload = box.upload(_CONTENT)
    assert box.place.find(upload) is None
    entry = box.place.put(upload, io.BytesIO(_CONTENT))
    assert box.place.find(upload) == entry
    (box.path / "result.png").write_bytes(b"another content")
    assert box.place.find(upload) is None


def test_what_does_not_arrive_whole_is_not_there(box: Box) -> None:
    upload = box.upload(_CONTENT)
    with pytest.raises(PlaceBusy):
        box.place.put(upload, io.BytesIO(_CONTENT[:-1]))
    assert box.names() == []


_WRITER = """
import hashlib, io, os, signal, sys
from pathlib import Path
from creator_app.integrations.drop_folders import DirectoryPlace, Upload
class Deadly(io.BytesIO):
    def read(self, size=-1):
        piece = super().read(size)
        if not piece and sys.argv[4] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        return piece
def hook(event, details):
    if event == "os.remove" and str(details[0]).endswith(".claim") and sys.argv[4] == "after":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
content = b"result" * 1000
place = DirectoryPlace(Path(sys.argv[1]))
md5 = hashlib.md5(content).hexdigest()
upload = Upload(sys.argv[3], sys.argv[2], "result.png", len(content), "image/png", md5)
place.put(upload, Deadly(content))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_writer_that_is_killed_leaves_nothing_half(box: Box, moment: str) -> None:
    upload = box.upload(_CONTENT)
    command = [sys.executable, "-c", _WRITER, str(box.place.root), box.folder.id, upload.id, moment]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    found = box.place.find(upload)
    assert (found is not None) == (moment == "after"), "it has its name, or it is not there"
    entry = found or box.place.put(upload, io.BytesIO(_CONTENT))
    assert (entry.name, box.names(), box.read(entry)) == ("result.png", ["result.png"], _CONTENT)
    fd = os.open(box.path, os.O_RDONLY)
    writes.sweep(fd, disk.facts_of(fd).changed_ns + 25 * 3600 * 10**9)
    os.close(fd)
    assert box.hidden() == []


def test_leftovers_are_taken_away_once_nobody_can_be_writing_them(box: Box) -> None:
    (box.path / ".creator-1.part").write_bytes(b"")
    (box.path / ".creator-1.claim").write_bytes(b"")
    (box.path / ".other.part").write_bytes(b"")
    box.put(_CONTENT)
    assert len(box.hidden()) == 3, "these are young"
    fd = os.open(box.path, os.O_RDONLY)
    day = 24 * 3600 * 10**9
    for age, left in ((2, [".creator-1.claim", ".other.part"]), (16, [".other.part"])):
        writes.sweep(fd, disk.facts_of(fd).changed_ns + age * day)
        assert box.hidden() == left
    os.close(fd)


@contextmanager
def _no_more_than(size_bytes: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_and_leaves_nothing(box: Box, small_disk: Path | None) -> None:
    full: AbstractContextManager[object] = contextlib.nullcontext()
    if small_disk is None:  # a limit of this process does the same
        full = _no_more_than(256 * 1024)
    else:
        box = box_in(small_disk / "drop")
    content = os.urandom(400 * 1024)
    with full, pytest.raises(PlaceFull):
        box.put(content)
    assert box.names() == []
    assert [name for name in box.hidden() if name.endswith(".part")] == []
    assert box.put(b"small").size == 5


def test_where_we_may_not_write_we_say_so(
    open_box: Box, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    open_box.path.chmod(0o555)
    with as_nobody(), pytest.raises(PlaceRefused):
        open_box.upload(_CONTENT)
    open_box.path.chmod(0o755)
    with as_nobody(), pytest.raises(PlaceBusy, match="can't be written"):
        open_box.place.try_writing()


def test_a_moved_file_keeps_its_id_and_takes_a_free_name(box: Box) -> None:
    originals = box.place.make_folder(box.folder.id, "originals")
    (box.path / "originals/a.png").write_bytes(b"another")
    entry = box.drop("a.png")
    moved = box.place.move(entry.id, originals.id)
    assert (moved.id, moved.name, moved.version) == (entry.id, "a-2.png", entry.version)
    assert box.place.move(entry.id, originals.id) == moved
    assert (box.path / "originals/a.png").read_bytes() == b"another"


def test_a_move_to_another_disk_that_was_cut_off_is_ended(box: Box, small_disk: Path | None) -> None:
    if small_disk is None:  # this user may not mount a disk
        return
    source, target = os.open(box.path, os.O_RDONLY), os.open(small_disk, os.O_RDONLY)
    for _ in range(2):  # the second time as if it had been killed before it deleted the source
        (box.path / "a.png").write_bytes(b"content")
        os.utime(box.path / "a.png", ns=(5, 5))
        assert writes.move(source, "a.png", target) == "a.png"
        assert box.names() == []
    assert [one.name for one in small_disk.iterdir()] == ["a.png"]
    assert (small_disk / "a.png").stat().st_mtime_ns == 5
    os.close(source)
    os.close(target)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("cat.png", "cat.png"),
        ("../../etc/passwd", "-.-etc-passwd"),
        (".hidden", "hidden"),
        ('a:b?"c".png', "a-b-c-.png"),
        ("con.png", "_con.png"),
        ("\x00", "-"),
        ("", "file"),
        ("ü" * 300 + ".png", "ü" * 98 + ".png"),
    ],
)
def test_names_are_ones_that_every_disk_takes(box: Box, name: str, given: str) -> None:
    assert box.put(_CONTENT, name).name == given


def test_no_result_gets_a_name_that_would_hide_it() -> None:
    for name in ("a.tmp", "b.part", "c~", "~$d.png", "Thumbs.db"):
        assert not names.is_hidden(names.clean(name))


def test_a_folder_is_made_once_and_never_over_a_file(box: Box) -> None:
    first = box.place.make_folder(box.folder.id, "Done")
    assert box.place.make_folder(box.folder.id, "Done") == first
    box.drop("Needs a look")
    with pytest.raises(PlaceRefused):
        box.place.make_folder(box.folder.id, "Needs a look")


def test_the_md5_of_a_big_result_is_compared(box: Box) -> None:
    content = os.urandom(3_000_000)
    entry = box.put(content, "big.bin")
    assert hashlib.md5(box.read(entry)).digest() == hashlib.md5(content).digest()
