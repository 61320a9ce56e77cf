"""Only whole files are read, and only those that we may read."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from creator_app.integrations.drop_folders import EntryGone, EntryKind, PlaceBusy, PlaceRefused
from tests.watched_folder.world import Box


def test_a_file_is_read_from_anywhere(box: Box) -> None:
    content = bytes(range(256)) * 4000
    entry = box.drop("a.bin", content)
    assert box.read(entry) == content
    assert box.read(entry, 1_000_000) == content[1_000_000:]
    assert box.read(entry, len(content)) == b""


def test_a_file_that_somebody_writes_to_is_left_alone(box: Box) -> None:
    with (box.path / "a.png").open("wb") as file:
        file.write(b"half")
        file.flush()
        with pytest.raises(PlaceBusy, match="being written"):
            box.read(box.entry("a.png"))
        file.write(b"whole")
    assert box.read(box.entry("a.png")) == b"halfwhole"
    with (box.path / "a.png").open("rb"):
        assert box.read(box.entry("a.png")) == b"halfwhole", "readers don't matter"


def test_a_file_that_changed_since_it_was_seen_is_not_read(box: Box) -> None:
    entry = box.drop("a.png", b"before")
    box.drop("a.png", b"after that")
    with pytest.raises(EntryGone):
        box.read(entry)


def test_a_file_that_changes_while_it_is_read_is_refused_at_the_end(box: Box) -> None:
    entry = box.drop("a.png", b"x" * 1_000_000)
    pieces = box.place.open(entry)
    next(pieces)
    with (box.path / "a.png").open("r+b") as file:
        file.seek(900_000)
        file.write(b"y")
    with pytest.raises(EntryGone):
        list(pieces)


def test_a_deleted_file_is_gone(box: Box) -> None:
    entry = box.drop("a.png")
    (box.path / "a.png").unlink()
    with pytest.raises(EntryGone):
        box.read(entry)


def test_what_we_may_not_read_is_named_and_read_once_we_may(
    open_box: Box, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    path = open_box.path / "a.png"
    path.write_bytes(b"content")
    path.chmod(0)
    with as_nobody():
        closed = open_box.entry("a.png")
        with pytest.raises(PlaceRefused, match=r"not allowed to read a\.png"):
            open_box.read(closed)
    path.chmod(0o644)
    with as_nobody():
        opened = open_box.entry("a.png")
        assert opened.version != closed.version, "it is tried again"
        assert open_box.read(opened) == b"content"


def test_a_folder_that_we_may_not_enter_does_not_hide_the_others(
    open_box: Box, as_nobody: Callable[[], AbstractContextManager[None]]
) -> None:
    closed: Path = open_box.path / "closed"
    closed.mkdir()
    closed.chmod(0)
    open_box.drop("a.png")
    with as_nobody():
        kinds = {one.name: one.kind for one in open_box.entries()}
    closed.chmod(0o755)
    assert kinds == {"a.png": EntryKind.FILE, "closed": EntryKind.DANGLING}
