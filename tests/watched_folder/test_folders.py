"""The watched folder follows the recipes, its owner and its disk."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select, update

from creator_app.bootstrap import Creator
from creator_app.cli.doctor import examine
from creator_app.config import Settings
from creator_app.errors import Conflict, NotFound
from creator_app.integrations.drop_folders import DirectoryPlace, PlaceBusy
from creator_app.models import DropFile, DropFolder, DropSource, Recipe
from creator_app.models.base import new_id, utcnow
from creator_app.services import accounts, drop_again, recipes, watched_folder


@dataclass
class World:
    """A Creator whose watched folder is brought in line when a test says so."""

    creator: Creator
    root: Path

    def ensure(
        self, *, make: bool = True, account: str | None = None, root: Path | None = None
    ) -> UUID | None:
        place = DirectoryPlace(root or self.root)
        address = str(root or self.root)
        return watched_folder.ensure(self.creator.uow, address, place, account=account, make=make)

    def folder(self, slug: str = "story") -> DropFolder:
        with self.creator.uow.read() as work:
            source = watched_folder.source_of(work, str(self.root))
            assert source is not None
            statement = select(DropFolder).where(
                DropFolder.recipe_slug == slug, DropFolder.source_id == source.id
            )
            return work.session.exec(statement).one()

    def sources(self) -> dict[str, str]:
        with self.creator.uow.read() as work:
            return {Path(one.address).name: one.state for one in work.session.exec(select(DropSource))}

    def switch(self, slug: str, *, on: bool) -> None:
        with self.creator.uow.write() as work:
            work.session.execute(update(Recipe).where(Recipe.slug == slug).values(enabled=on))  # type: ignore[arg-type]

    def change(self, slug: str, **values: object) -> None:
        row_id = self.folder(slug).id
        with self.creator.uow.write() as work:
            row = work.session.get(DropFolder, row_id)
            for name, value in values.items():
                setattr(row, name, value)
            work.session.add(row)

    def directories(self) -> list[str]:
        return sorted(one.name for one in self.root.iterdir() if one.is_dir())


def _creator(url: str, home: Path, **settings: object) -> Creator:
    return Creator(
        Settings(_env_file=None, creator_home=home, database_url=url, environment="testing", **settings)
    )


@pytest.fixture
def sqlite_ready(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    shutil.copy(request.getfixturevalue("_sqlite_with_tables"), tmp_path / "creator.db")
    return f"sqlite:///{tmp_path / 'creator.db'}"


def _world(url: str, tmp_path: Path, email: str = "ann@example.org") -> World:
    creator = _creator(url, tmp_path / "home")
    with creator.uow.write() as work:
        recipes.sync_shipped(work)
        accounts.add_user(work, email, None, admin=True, verified=True)
    return World(creator, tmp_path / "drop")


@pytest.fixture
def world(sqlite_ready: str, tmp_path: Path) -> Iterator[World]:
    found = _world(sqlite_ready, tmp_path)
    yield found
    found.creator.database.close()


def test_each_recipe_gets_a_directory_and_a_text_says_what_happens(world: World) -> None:
    world.ensure()
    assert {"story", "upscale-2x", "watermark"} <= set(world.directories())
    assert sorted(one.name for one in (world.root / "story").iterdir()) == ["Done", "Needs a look"]
    text = (world.root / "README.txt").read_text()
    assert "story" in text
    assert "Done" in text
    row = world.folder()
    assert (row.state, row.enabled) == ("ok", True)
    assert DirectoryPlace(world.root).look(row.results_id or "").name == "Done"


def test_doing_it_again_changes_nothing(world: World) -> None:
    source = world.ensure()
    before, text = world.folder(), (world.root / "README.txt").stat()
    for make in (True, False):
        assert world.ensure(make=make) == source
    assert world.folder() == before
    assert (world.root / "README.txt").stat().st_ino == text.st_ino


def test_nobody_there_yet_means_no_folder_yet(sqlite_ready: str, tmp_path: Path) -> None:
    creator = _creator(sqlite_ready, tmp_path / "home")
    world = World(creator, tmp_path / "drop")
    assert world.ensure() is None
    assert not world.root.exists()
    with creator.uow.write() as work:
        accounts.add_user(work, "ann@example.org", None, admin=True, verified=True)
    with pytest.raises(NotFound):
        world.ensure(account="bob@example.org")
    assert world.ensure(account="Ann@example.org ") is not None
    creator.database.close()


def test_a_renamed_directory_stays_the_recipes(world: World) -> None:
    world.ensure()
    before = world.folder()
    (world.root / "story").rename(world.root / "My stories")
    world.ensure()
    assert world.folder().remote_id == before.remote_id
    assert "story" not in world.directories(), "not made a second time"
    (world.root / "My stories").rename(world.root / "watermark-2")
    shutil.rmtree(world.root / "watermark")
    (world.root / "watermark-2").rename(world.root / "watermark")
    world.ensure()
    assert world.folder("story").remote_id == before.remote_id
    assert DirectoryPlace(world.root).look(world.folder("watermark").remote_id).name == "watermark-2"


def test_a_deleted_directory_is_made_at_the_next_start_or_on_request(world: World) -> None:
    world.ensure()
    for again in ("start", "request", "by hand"):
        shutil.rmtree(world.root / "story")
        world.change("story", state="missing", reason="This folder was deleted.")
        world.ensure(make=False)
        assert not (world.root / "story").exists()
        assert world.folder().state == "missing"
        if again == "start":
            world.ensure(make=True)
        elif again == "request":
            folder, creator = world.folder(), world.creator
            drives = creator.drives.folders
            drop_again.make_again(creator.uow, creator.drop_place, drives, folder.account_id, folder.id)
            with pytest.raises(Conflict):
                drop_again.make_again(creator.uow, creator.drop_place, drives, folder.account_id, folder.id)
        else:
            (world.root / "story").mkdir()
            world.ensure(make=False)
        assert (world.root / "story").is_dir()
        row = world.folder()
        assert (row.state, row.reason) == ("ok", None)
        assert DirectoryPlace(world.root).look(row.remote_id).name == "story"
        (world.root / "story/Done").mkdir(exist_ok=True)


def test_a_recipe_that_is_switched_off_rests_with_its_files(world: World) -> None:
    world.ensure()
    (world.root / "story/a.png").write_bytes(b"x")
    world.change("watermark", enabled=False)
    world.switch("story", on=False)
    world.ensure(make=False)
    row = world.folder()
    assert (row.enabled, row.reason) == (False, watched_folder.SWITCHED_OFF)
    assert (world.root / "story/a.png").exists()
    world.switch("story", on=True)
    world.ensure(make=False)
    assert world.folder().enabled
    assert not world.folder("watermark").enabled, "its owner switched it off: that stays"


def test_a_recipe_that_comes_later_gets_its_directory_at_once(world: World) -> None:
    world.switch("story", on=False)
    world.ensure()
    assert not (world.root / "story").exists()
    world.switch("story", on=True)
    world.ensure(make=False)
    assert (world.root / "story").is_dir()


def test_another_directory_retires_the_first(world: World) -> None:
    world.ensure()
    world.ensure(root=world.root.with_name("other"))
    assert world.sources() == {"drop": "disconnected", "other": "ok"}
    world.ensure()
    assert world.sources() == {"drop": "ok", "other": "disconnected"}
    with world.creator.uow.write() as work:
        watched_folder.retire_all(work)
    assert set(world.sources().values()) == {"disconnected"}


def test_the_folder_goes_to_whoever_is_chosen(world: World) -> None:
    world.ensure()
    folder = world.folder()
    with world.creator.uow.write() as work:
        bob = accounts.add_user(work, "bob@example.org", None, admin=False, verified=True)
        for state in ("seen", "taken"):
            row = DropFile(
                id=new_id(),
                folder_id=folder.id,
                account_id=folder.account_id,
                remote_id=state,
                name="a.png",
                state=state,
                rested_since=utcnow(),
                dropped_at=utcnow(),
                seen_at=utcnow(),
            )
            work.session.add(row)
    world.ensure(make=False, account="bob@example.org")
    assert world.folder().user_id == bob.id
    with world.creator.uow.read() as work:
        owners = {one.state: one.account_id for one in work.session.exec(select(DropFile))}
    assert owners == {"seen": bob.account_id, "taken": folder.account_id}


def test_a_directory_that_cannot_be_made_is_told(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PlaceBusy, match="can't be made"):
        world.ensure(root=tmp_path / "file/drop")


def test_nothing_is_made_below_a_disk_that_is_away(world: World, small_disk: Path | None) -> None:
    if small_disk is None:  # this user may not mount a disk
        return
    world.root = small_disk / "drop"
    world.ensure()
    subprocess.run(["umount", "-l", str(small_disk)], check=True)
    with pytest.raises(PlaceBusy):
        world.ensure()
    assert list(small_disk.iterdir()) == []
    place = DirectoryPlace(world.root, str(small_disk))
    world.root.mkdir()
    with pytest.raises(PlaceBusy):
        list(place.children("root"))
    subprocess.run(["mount", "-t", "tmpfs", "none", str(small_disk)], check=True)
    assert world.ensure() is not None


def test_processes_that_start_together_make_one_of_each(ready_url: str, tmp_path: Path) -> None:
    world = _world(ready_url, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        sources = list(pool.map(lambda _: world.ensure(), range(4)))
    assert len(set(sources)) == 1
    with world.creator.uow.read() as work:
        slugs = [row.recipe_slug for row in work.session.exec(select(DropFolder))]
    assert len(slugs) == len(set(slugs)) == len(world.directories())
    world.creator.database.close()


def _finding(creator: Creator) -> str:
    found = next(one for one in examine(creator) if one.part == "drop folder")
    return f"{'ok' if found.ok else 'wrong'}: {found.found}"


def test_the_doctor_says_what_becomes_of_it(world: World, as_nobody: Callable[[], object]) -> None:
    url, home = world.creator.settings.database_url, world.root.parent / "home"
    assert _finding(_creator(url, home, watch_dir="off")) == "ok: switched off"
    world.ensure()
    said = _finding(_creator(url, home, watch_dir=str(world.root)))
    assert said.startswith(f"ok: {world.root} for ann@example.org, ")
    assert said.endswith("changes by events")
    world.root.rename(world.root.with_name("away"))
    assert _finding(_creator(url, home, watch_dir=str(world.root))).startswith("wrong: ")
    assert "Nobody has" in _finding(_creator(url, home, watch_account="bob@example.org"))
