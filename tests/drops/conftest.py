"""A Creator with a watched folder, and no process beside the test's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.integrations.drop_folders import DirectoryPlace
from creator_app.services import watched_folder
from tests.drops.world import DropWorld, Person


@dataclass
class Watched:
    """A watched folder of one person."""

    world: DropWorld
    root: Path
    owner: Person

    def drop(self, name: str, content: bytes, slug: str = "upscale-2x") -> Path:
        path = self.root / slug / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def names(self, folder: str = "", slug: str = "upscale-2x") -> list[str]:
        return sorted(one.name for one in (self.root / slug / folder).iterdir())

    def note(self, name: str, slug: str = "upscale-2x") -> str:
        return (self.root / slug / "Needs a look" / name).read_text()


@pytest.fixture
def world(ready_url: str, redis_url: str, tmp_path: Path) -> Iterator[DropWorld]:
    """On SQLite and on PostgreSQL."""
    settings = Settings(
        _env_file=None,
        creator_home=tmp_path / "home",
        database_url=ready_url,
        redis_url=redis_url,
        storage_url=(tmp_path / "storage").as_uri(),
        environment="testing",
    )
    creator = Creator(settings)
    yield DropWorld(creator)
    creator.database.close()


@pytest.fixture
def watched(world: DropWorld, tmp_path: Path) -> Watched:
    """With a folder for each shipped recipe."""
    root = tmp_path / "drop"
    root.mkdir()
    owner = world.person()
    watched_folder.ensure(world.creator.uow, str(root), DirectoryPlace(root), account=None, make=True)
    return Watched(world, root, owner)
