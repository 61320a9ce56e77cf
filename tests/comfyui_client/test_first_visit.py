"""A first visit to an address says in plain words what is there, whatever it is."""

import socket
import ssl
import threading

import pytest

from creator_app.integrations.comfyui import (
    ServerGone,
    Timeouts,
    Verdict,
    Visit,
    get_comfyui_client,
    in_words,
    visit,
)
from tests.peers.web import answering

QUICK = Timeouts(connect=0.5, answer=0.5)


def test_a_comfyui_is_recognized_by_what_it_says_of_itself() -> None:
    with answering(200, b'{"system": {"comfyui_version": "0.3.64"}, "devices": []}') as url:
        found = visit(url)
    assert found.verdict is Verdict.WELL and found.stats and found.object_info


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (401, b"", Verdict.NOT_LET_IN),
        (403, b"{}", Verdict.NOT_LET_IN),
        (302, b"", Verdict.NOT_COMFYUI),
        (404, b"{}", Verdict.NOT_COMFYUI),
        (200, b"<html>", Verdict.NOT_COMFYUI),
        (200, b"[]", Verdict.NOT_COMFYUI),
        (200, b'{"status": "ok"}', Verdict.NOT_COMFYUI),
        (500, b"", Verdict.BROKEN),
        (502, b"", Verdict.BROKEN),
    ],
)
def test_other_answers_are_told_apart(status: int, body: bytes, verdict: Verdict) -> None:
    with answering(status, body, Location="/login") as url:
        assert visit(url).verdict is verdict


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert visit(f"http://127.0.0.1:{port}").verdict is Verdict.REFUSED


@pytest.mark.parametrize("host", ["comfy.invalid", "no host", "x" * 64 + ".org"])
def test_a_name_that_nobody_has(host: str) -> None:
    assert visit(f"http://{host}:8188", timeouts=QUICK).verdict is Verdict.NO_SUCH_HOST


def test_somebody_who_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        found = visit(f"http://127.0.0.1:{deaf.getsockname()[1]}", timeouts=QUICK)
    assert found.verdict is Verdict.SILENT


def test_somebody_who_speaks_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        threading.Thread(target=greet, daemon=True).start()
        assert visit(f"http://127.0.0.1:{other.getsockname()[1]}").verdict is Verdict.NOT_COMFYUI


def test_https_where_there_is_none() -> None:
    with answering(200, b"{}") as url:
        found = visit(url.replace("http:", "https:"), timeouts=Timeouts(connect=3, answer=3))
    assert found.verdict is Verdict.NOT_SECURE


def test_every_verdict_but_the_good_one_says_what_to_do() -> None:
    for verdict in set(Verdict) - {Verdict.WELL}:
        assert Visit(verdict).message.endswith(".") and Visit(verdict).hint.endswith(".")


def test_libraries_own_words_do_not_get_through() -> None:
    error = ServerGone("ConnectError('[Errno 111] Connection refused')")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    assert "Errno" not in in_words(error)
    wrong_certificate = ServerGone("x")
    wrong_certificate.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    assert "certificate" in in_words(wrong_certificate)


def test_a_password_that_is_missing_is_told_by_the_watch_too() -> None:
    with answering(401, b"") as url, get_comfyui_client(url) as client:
        with pytest.raises(ServerGone) as caught:
            client.system_stats()
        assert "password" in in_words(caught.value)
