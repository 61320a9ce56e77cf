"""A Google of each test's own, and a Creator's database connected to it."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.google_drive.world import World
from tests.peers.drive import DriveServer


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def world(_sqlite_with_tables: Path, tmp_path: Path, drive: DriveServer) -> Iterator[World]:
    shutil.copy(_sqlite_with_tables, tmp_path / "creator.db")
    with closing(World(f"sqlite:///{tmp_path / 'creator.db'}", drive)) as made:
        yield made


@pytest.fixture
def each_world(ready_url: str, drive: DriveServer) -> Iterator[World]:
    """With SQLite, and again with PostgreSQL."""
    with closing(World(ready_url, drive)) as made:
        yield made
