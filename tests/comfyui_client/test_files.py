"""Pictures on their way to a server and back."""

import io

import pytest

from creator_app.integrations.comfyui import ComfyUIClient, OutputFile, PromptFailed, ServerGone
from tests.comfyui_client.scripted_server import ScriptedComfyUI


def test_an_upload_goes_under_the_name_that_the_server_chose(
    server: ScriptedComfyUI, client: ComfyUIClient
) -> None:
    assert client.upload(io.BytesIO(b"one"), "image.png", "creator/1") == "creator/1/image.png"
    server.rename_uploads = True
    assert client.upload(io.BytesIO(b"two"), "image.png", "creator/1") == "creator/1/other-image.png"
    assert server.seen.uploads[0] == ("image.png", "creator/1", b"one")


@pytest.mark.parametrize("status", [400, 413, 500])
def test_an_upload_that_is_refused_says_so(
    server: ScriptedComfyUI, client: ComfyUIClient, status: int
) -> None:
    server.upload_status = status
    with pytest.raises(PromptFailed) as told:
        client.upload(io.BytesIO(b"one"), "image.png", "creator/1")
    assert str(status) in (told.value.detail or "")


def test_results_come_in_pieces(client: ComfyUIClient) -> None:
    sizes = [len(piece) for piece in client.download(OutputFile("3", "fine.png", "", "output"))]
    assert sum(sizes) == 800_000
    assert max(sizes) <= 256 * 1024


@pytest.mark.parametrize("name", ["gone.png", "cut.png"])
def test_a_result_that_does_not_come_whole_is_no_result(client: ComfyUIClient, name: str) -> None:
    with pytest.raises(ServerGone):
        list(client.download(OutputFile("3", name, "", "output")))
