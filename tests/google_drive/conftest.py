"""A Google of each test's own, and a Creator's database connected to it."""

from collections.abc import Iterator

import pytest

from tests.google_drive.world import World
from tests.peers.drive import DriveServer


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def world(ready_url: str, drive: DriveServer) -> Iterator[World]:
    made = World(ready_url, drive)
    yield made
    made.close()
