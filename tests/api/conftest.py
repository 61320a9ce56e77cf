"""One running API for the tests of a file; every test brings people of its own."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.stack import Stack, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("creator")) as stack:
        yield stack


@pytest.fixture
def person(stack: Stack) -> Iterator[httpx.Client]:
    with stack.person() as client:
        yield client


@pytest.fixture
def stranger(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client() as client:
        yield client
