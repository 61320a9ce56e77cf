"""What a storage tells of changes."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

import pytest

from creator_app.errors import StorageError
from creator_app.integrations.storage import Change, Storage, open_storage, watching

LOOK_EVERY_S = 0.2
SOON_S = 10


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return open_storage((tmp_path / "files").as_uri(), "secret")
    server = request.getfixturevalue("s3_server")
    return open_storage(f"{server}/watch-{secrets.token_hex(4)}?secure=0", "secret")


@contextmanager
def watched(storage: Storage, prefix: str = "", every_s: float = LOOK_EVERY_S) -> Iterator[Callable[[], str]]:
    """Gives what to call for the next change, as text; it fails where none comes."""
    told: Queue[Change] = Queue()
    stop = threading.Event()
    changes = storage.watch(prefix, stop=stop, every_s=every_s)
    thread = threading.Thread(target=lambda: [told.put(change) for change in changes])
    thread.start()

    def following() -> str:
        try:
            change = told.get(timeout=SOON_S)
        except Empty:
            raise AssertionError("nothing was told") from None
        return f"{change.kind} {change.item.key}"

    try:
        yield following
    finally:
        stop.set()
        thread.join(SOON_S)
    assert not thread.is_alive()
    assert told.empty()


def test_what_comes_changes_and_goes_is_told_once(storage: Storage) -> None:
    storage.put("in/there before", b"1")
    with watched(storage, "in") as following:
        storage.put("elsewhere/a", b"1")
        storage.put("in/b/new", b"1")
        assert following() == "added in/b/new"
        storage.put("in/there before", b"2")
        assert following() == "changed in/there before"
        storage.delete("in/b/new")
        assert following() == "removed in/b/new"


def test_a_folder_that_comes_later_is_watched_too(storage: Storage) -> None:
    with watched(storage, "later") as following:
        storage.put("later/a", b"1")
        assert following() == "added later/a"
        storage.delete("later/a")
        assert following() == "removed later/a"
        storage.put("later/a", b"22")
        assert following() == "added later/a"


def test_changes_before_the_first_is_asked_for_count(storage: Storage) -> None:
    stop = threading.Event()
    changes = storage.watch(stop=stop, every_s=LOOK_EVERY_S)
    storage.put("a", b"1")
    assert next(changes).item.key == "a"
    stop.set()
    assert list(changes) == []


def test_the_system_tells_sooner_than_one_looks(tmp_path: Path) -> None:
    storage = open_storage(tmp_path.as_uri(), "secret")
    storage.put("in/a", b"1")
    with watched(storage, "in", every_s=3600) as following:
        for number in range(3):
            storage.put(f"in/{number}", b"1")
            assert following() == f"added in/{number}"


def test_a_storage_that_is_away_for_a_while_loses_nothing(tmp_path: Path) -> None:
    storage = open_storage((tmp_path / "files").as_uri(), "secret")
    storage.put("in/a", b"1")
    with watched(storage, "in") as following:
        (tmp_path / "files").rename(tmp_path / "away")
        (tmp_path / "away" / "in" / "b").write_bytes(b"1")
        (tmp_path / "away").rename(tmp_path / "files")
        assert following() == "added in/b"


def test_a_server_that_is_away_at_first_is_said() -> None:
    away = open_storage("s3://k:s@127.0.0.1:1/bucket?secure=0", "secret")
    with pytest.raises(StorageError):
        away.watch()


def test_more_than_can_be_kept_in_mind_is_refused(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in "abc":
        storage.put(key, b"1")
    monkeypatch.setattr(watching, "MOST_FILES", 2)
    with pytest.raises(StorageError) as caught:
        storage.watch()
    assert not caught.value.retryable
