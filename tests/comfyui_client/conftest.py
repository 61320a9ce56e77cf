"""A server that does as it is told, the built-in engine, and a client."""

from collections.abc import Iterator

import pytest

from creator_app.integrations.comfyui import ComfyUIClient, get_comfyui_client
from tests.comfyui_client.scripted_server import ScriptedComfyUI
from tests.engine.conftest import EngineProcess


@pytest.fixture
def server() -> Iterator[ScriptedComfyUI]:
    with ScriptedComfyUI() as running:
        yield running


@pytest.fixture
def client(server: ScriptedComfyUI) -> Iterator[ComfyUIClient]:
    with get_comfyui_client(server.url) as made:
        yield made


@pytest.fixture(scope="package")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    process = EngineProcess(tmp_path_factory.mktemp("engine"), "--probe-nodes")
    yield process
    process.end()
