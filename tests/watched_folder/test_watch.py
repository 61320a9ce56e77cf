"""What changes in a directory is heard of, by events and by polling."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from creator_app.integrations.drop_folders.directory_watch import DirectoryWatch, needs_polling

#: Polling looks once a second; events come within a moment.
_PATIENCE_S = {"off": 3.0, "on": 6.0}


class Ear:
    """Watches a directory in a thread."""

    def __init__(self, root: Path, polling: str) -> None:
        self.heard = threading.Event()
        self.stop = threading.Event()
        self.patience_s = _PATIENCE_S[polling]
        self.calm_s = 1.3 if polling == "on" else 0.4
        self.watch = DirectoryWatch(root, self.heard.set, polling=polling, unwatched=("Done",))
        self.thread = threading.Thread(target=self.watch.run, args=(self.stop,))
        self.thread.start()

    def hears(self) -> bool:
        heard = self.heard.wait(self.patience_s)
        time.sleep(0.3)  # what belongs to the same change
        self.heard.clear()
        return heard


@pytest.fixture(params=["off", "on"], ids=["events", "polling"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    (tmp_path / "drop/recipe/Done").mkdir(parents=True)
    (tmp_path / "drop/recipe/machine").symlink_to("/")
    ear = Ear(tmp_path / "drop", request.param)
    time.sleep(0.3)
    yield ear
    ear.stop.set()
    ear.thread.join(5)
    assert not ear.thread.is_alive()


def test_dropping_and_renaming_is_heard(ear: Ear, tmp_path: Path) -> None:
    recipe = tmp_path / "drop/recipe"
    assert ear.watch.folders() == [str(tmp_path / "drop"), str(recipe)], "no link is followed"
    (recipe / "a.png").write_bytes(b"x")
    assert ear.hears()
    (recipe / "a.png").rename(recipe / "b.png")
    assert ear.hears()
    (recipe / "b.png").read_bytes()
    (recipe / "Done/result.png").write_bytes(b"x")
    assert not ear.heard.wait(ear.calm_s), "neither reading nor our own results are news"


def test_a_folder_that_comes_later_is_watched_too(ear: Ear, tmp_path: Path) -> None:
    (tmp_path / "drop/recipe/deep/deeper").mkdir(parents=True)
    assert ear.hears()
    (tmp_path / "drop/recipe/deep/deeper/a.png").write_bytes(b"x")
    assert ear.hears()


def test_a_directory_that_went_and_came_back_is_watched_again(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    ear = Ear(tmp_path / "drop", "off")
    try:
        time.sleep(0.2)
        (tmp_path / "drop").rename(tmp_path / "away")
        assert ear.hears()
        (tmp_path / "away").rename(tmp_path / "drop")
        assert ear.hears()
        (tmp_path / "drop/a.png").write_bytes(b"x")
        assert ear.hears()
    finally:
        ear.stop.set()
        ear.thread.join(5)


def test_a_local_disk_tells_of_changes_by_itself(tmp_path: Path) -> None:
    assert not needs_polling(tmp_path)
    assert needs_polling(tmp_path, "on")
