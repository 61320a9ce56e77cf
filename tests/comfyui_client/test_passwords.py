"""Servers behind a password: it goes with everything, and is seen nowhere."""

import logging
from base64 import b64encode

import pytest

from creator_app.integrations.comfyui import ServerGone, get_comfyui_client
from tests.comfyui_client.runs import play
from tests.comfyui_client.scripted_server import ScriptedComfyUI

PASSWORD = "s3cr:t/w@rd"
IN_URL = "s3cr%3At%2Fw%40rd"


def test_a_password_in_the_address_goes_with_everything(server: ScriptedComfyUI) -> None:
    url = server.url.replace("http://", f"http://me:{IN_URL}@")
    with get_comfyui_client(url) as client:
        play(server, client, "success")()
        assert client.base_url == server.url
    basic = "Basic " + b64encode(f"me:{PASSWORD}".encode()).decode()
    assert server.seen.passwords == {"socket": basic, "prompt": basic}


def test_headers_win_over_the_address(server: ScriptedComfyUI) -> None:
    url = server.url.replace("http://", "http://me:other@")
    with get_comfyui_client(url, {"authorization": "Bearer x"}) as client:
        play(server, client, "success")()
    assert server.seen.passwords == {"socket": "Bearer x", "prompt": "Bearer x"}


@pytest.mark.parametrize("value", ["x\r\nHost: other", "x\n", "\0"])
def test_a_header_cannot_bring_another_one_along(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        get_comfyui_client("http://127.0.0.1:1", {"Authorization": value})


@pytest.mark.parametrize("url", [f"http://me:{IN_URL}@127.0.0.1:1", f"http://me:{IN_URL}@no host:1"])
def test_an_error_and_a_log_never_show_it(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = b64encode(f"me:{PASSWORD}".encode()).decode()
    with get_comfyui_client(url, {"X-Key": "another-secret"}) as client:
        with pytest.raises(ServerGone) as told:
            client.system_stats()
        shown = f"{told.value.detail} {told.value!r} {client!r} {caplog.text}"
    for secret in (PASSWORD, IN_URL, token, "another-secret"):
        assert secret not in shown
