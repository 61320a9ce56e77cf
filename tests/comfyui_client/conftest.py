"""A client and a server that does as it is told."""

from collections.abc import Iterator

import pytest

from creator_app.integrations.comfyui import ComfyUIClient, get_comfyui_client
from tests.comfyui_client.scripted_server import ScriptedComfyUI


@pytest.fixture
def server() -> Iterator[ScriptedComfyUI]:
    with ScriptedComfyUI() as running:
        yield running


@pytest.fixture
def client(server: ScriptedComfyUI) -> Iterator[ComfyUIClient]:
    with get_comfyui_client(server.url) as made:
        yield made
