"""What people do with files: which is still the same one, which has another content."""

import os
import shutil
from pathlib import Path

import pytest

from creator_app.integrations.drop_folders import EntryGone, EntryKind, PlaceBusy
from creator_app.integrations.drop_folders.disk import Facts
from creator_app.integrations.drop_folders.identity import Ground, id_of
from tests.watched_folder.world import Box


def test_a_renamed_or_moved_file_is_the_same(box: Box) -> None:
    before = box.drop("a.png")
    (box.path / "a.png").rename(box.path / "b.png")
    after = box.entry("b.png")
    assert (after.id, after.version) == (before.id, before.version)
    (box.path / "deep/deeper").mkdir(parents=True)
    (box.path / "b.png").rename(box.path / "deep/deeper/c.png")
    moved = box.place.look(before.id)
    assert (moved.name, moved.version) == ("c.png", before.version)
    assert box.read(moved) == b"content"


def test_a_folder_is_found_after_it_was_renamed(box: Box) -> None:
    box.drop("a.png")
    box.path.rename(box.path.parent / "other name")
    assert box.names() == ["a.png"]
    assert box.place.look(box.folder.id).name == "other name"


def test_a_copy_and_a_file_put_over_another_one_are_new(box: Box) -> None:
    before = box.drop("a.png")
    shutil.copy2(box.path / "a.png", box.path / "b.png")
    assert box.entry("b.png").id != before.id
    (box.path / "b.png").replace(box.path / "a.png")
    assert box.entry("a.png").id != before.id
    with pytest.raises(EntryGone):
        box.place.look(before.id)


def test_a_file_that_was_deleted_and_dropped_again_is_new(box: Box) -> None:
    seen = set()
    for _ in range(5):  # the disk uses the number again at once
        seen.add(box.drop("a.png").id)
        (box.path / "a.png").unlink()
    assert len(seen) == 5


def test_written_to_or_touched_it_has_another_version(box: Box) -> None:
    before = box.drop("a.png")
    os.utime(box.path / "a.png", ns=(1, 1))
    touched = box.entry("a.png")
    assert touched.id == before.id
    assert touched.version != before.version
    assert touched.modified_at is not None
    assert touched.modified_at.year == 1970
    with (box.path / "a.png").open("ab") as file:
        file.write(b"more")
    assert box.entry("a.png").version not in (before.version, touched.version)


def test_another_content_of_the_same_size_and_time_is_noticed(box: Box) -> None:
    before = box.drop("a.png", b"first")
    box.read(before)
    (box.path / "a.png").rename(box.path / "b.png")
    (box.path / "b.png").chmod(0o600)
    assert box.entry("b.png").version == before.version, "only its name and rights have changed"
    _overwrite(box.path / "b.png", b"other")
    after = box.entry("b.png")
    assert (after.id, after.size) == (before.id, before.size)
    assert after.version != before.version
    assert box.read(after) == b"other"
    assert box.entry("b.png").version == after.version


def _overwrite(path: Path, content: bytes) -> None:
    times = path.stat()
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_unfinished_files_and_litter_are_not_there(box: Box) -> None:
    for name in (
        *(".hidden.png", ".DS_Store", "Thumbs.db", "desktop.ini", "~$cat.docx", "cat.png~"),
        *("a.png.part", "a.png.crdownload", "a.TMP", "a.png.filepart", ".creator-1.part"),
    ):
        (box.path / name).write_bytes(b"x")
    (box.path / "a.download").mkdir()
    assert box.names() == []
    (box.path / "a.png.part").rename(box.path / "a.png")
    assert box.names() == ["a.png"]


def test_links_lead_nowhere(box: Box, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (box.path / "file").symlink_to(secret)
    (box.path / "folder").symlink_to(tmp_path)
    (box.path / "nothing").symlink_to(tmp_path / "nothing")
    (box.path / "inside").symlink_to(box.path)
    found = box.entries()
    assert {one.kind for one in found} == {EntryKind.DANGLING}
    assert len(found) == 4
    for entry in found:
        with pytest.raises(EntryGone):
            box.read(entry)
        with pytest.raises(EntryGone):
            list(box.place.children(entry.id))


def test_a_folder_that_becomes_a_link_is_not_followed(box: Box, tmp_path: Path) -> None:
    entry = box.drop("a.png")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.png").write_bytes(b"secret")
    box.path.rename(tmp_path / "away")
    box.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EntryGone):
        box.read(entry)


def test_what_is_no_file_is_not_there(box: Box) -> None:
    os.mkfifo(box.path / "pipe.png")
    (box.path / "folder").mkdir()
    assert [(one.name, one.kind) for one in box.entries()] == [("folder", EntryKind.FOLDER)]


def test_any_name_can_be_shown_and_read(box: Box) -> None:
    (box.path / os.fsdecode(b"caf\xe9\n.png")).write_bytes(b"odd")
    (box.path / ("ü" * 120 + ".png")).write_bytes(b"long")
    first, second = sorted(box.entries(), key=lambda one: one.size or 0)
    assert first.name == "caf�\n.png"
    first.name.encode()
    assert box.read(first) == b"odd"
    assert box.read(second) == b"long"
    assert box.place.look(first.id) == first


def test_without_lasting_numbers_the_way_to_a_file_is_its_id() -> None:
    facts = Facts(1, 2, 0o100644, 3, 4, 5, 6)
    passing = Ground(numbered=False)
    assert id_of(("a", "b"), facts, passing) != id_of(("a", "c"), facts, passing)
    assert id_of(("a", "b"), facts, Ground()) == id_of(("a", "c"), facts, Ground())
    assert id_of(("a",), facts, Ground()) != id_of(("a",), facts, Ground(mark="disk"))


def test_a_disk_within_the_directory_has_ids_of_its_own(box: Box, small_disk: Path | None) -> None:
    if small_disk is None:  # this user may not mount a disk: `id_of` is tested above
        return
    import subprocess

    point = box.path / "disk"
    point.mkdir()
    subprocess.run(["mount", "--bind", str(small_disk), str(point)], check=True)
    try:
        (point / "a.png").write_bytes(b"x")
        disk = box.entry("disk")
        entry = next(iter(box.place.children(disk.id)))
        assert box.place.look(entry.id).name == "a.png"
        assert box.read(entry) == b"x"
        back = box.place.move(entry.id, box.folder.id)
        assert box.read(back) == b"x"
        assert list(box.place.children(disk.id)) == []
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)
    with pytest.raises(EntryGone):
        box.place.look(disk.id)


def test_a_directory_that_is_away_is_waited_for(box: Box) -> None:
    entry = box.drop("a.png")
    box.path.parent.rename(box.path.parent.with_name("away"))
    for ask in (lambda: box.place.look(entry.id), box.entries, lambda: box.read(entry)):
        with pytest.raises(PlaceBusy):
            ask()
    box.path.parent.with_name("away").rename(box.path.parent)
    assert box.read(entry) == b"content"
