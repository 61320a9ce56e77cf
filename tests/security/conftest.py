"""The product's web server, for the walks: they log out, delete and revoke whatever they can reach."""

from collections.abc import Iterator

import pytest

from tests.api.stack import PRODUCT, Stack, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("creator"), PRODUCT) as stack:
        yield stack
