"""`make run` starts a Creator that serves anywhere, keeps its parts alive, and leaves nothing behind."""

import os
import signal
import socket
import time
import uuid
from pathlib import Path

import httpx
import psutil
import pytest
import socketio
from playwright.sync_api import Browser, expect

from tests.peers.bad_pictures import encoded
from tests.peers.creator import RunningCreator, end, free_port, launch, processes_of, start_creator
from tests.peers.tls_proxy import https_in_front_of

PARTS = ("valkey", "engine", "web", "worker-1", "worker-2", "clock", "courier")
AGAIN_WITHIN_S = 20.0


def test_every_part_has_its_process_id(creator: RunningCreator) -> None:
    for name in PARTS:
        assert psutil.Process(creator.pid(name)).environ()["CREATOR_HOME"] == str(creator.home)


def test_the_doctor_finds_every_part_well(creator: RunningCreator) -> None:
    answer = creator.command("doctor")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "wrong" not in answer.stdout


def test_a_second_one_in_the_same_home_is_refused_in_a_sentence(creator: RunningCreator) -> None:
    answer = creator.command("up")
    assert answer.returncode == 1
    assert f"already runs in {creator.home} at {creator.url}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_taken_port_is_told_in_a_sentence(creator: RunningCreator, tmp_path: Path) -> None:
    answer = creator.command("up", CREATOR_HOME=str(tmp_path))
    assert answer.returncode == 1
    assert f"Port {creator.port} is taken" in answer.stderr
    assert "make run PORT=" in answer.stderr
    assert not processes_of(tmp_path)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LAN"])
def test_the_same_bundle_works_at_any_address(creator: RunningCreator, browser: Browser, host: str) -> None:
    address = _lan_address() if host == "LAN" else host
    _lives_at(browser, f"http://{address}:{creator.port}")


def test_the_same_bundle_works_behind_https_on_an_odd_port(
    creator: RunningCreator, browser: Browser, tmp_path: Path
) -> None:
    with https_in_front_of(creator.port, tmp_path) as port:
        _lives_at(browser, f"https://localhost:{port}")


def test_pages_of_other_origins_get_no_live_connection(creator: RunningCreator) -> None:
    assert _connects(creator, creator.url)
    assert not _connects(creator, "https://evil.example")
    answer = httpx.get(f"{creator.url}/", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_reflex_takes_no_uploads(creator: RunningCreator) -> None:
    assert httpx.post(f"{creator.url}/_upload", content=b"x").status_code in (404, 405)


def test_files_with_a_version_in_their_name_are_kept_by_browsers(creator: RunningCreator) -> None:
    page = httpx.get(f"{creator.url}/")
    asset = page.text.split('"/assets/', 1)[1].split('"', 1)[0]
    assert "immutable" in httpx.get(f"{creator.url}/assets/{asset}").headers["cache-control"]
    assert page.headers["cache-control"] == "no-cache"


def test_a_second_creator_side_by_side_is_restarted_and_ended(tmp_path: Path) -> None:
    with start_creator(tmp_path / "other") as other:
        for name in ("web", "worker-1", "valkey"):
            before = other.pid(name)
            os.kill(before, signal.SIGKILL)
            _await(
                lambda name=name, before=before: (
                    other.pid(name) != before and psutil.pid_exists(other.pid(name))
                )
            )
        _await(lambda: _answers(f"{other.url}/readyz"))
        supervisor = other.pid("supervisord")
        os.kill(supervisor, signal.SIGKILL)
        _await(lambda: _answers(f"{other.url}/readyz") and other.pid("supervisord") != supervisor)
    # `start_creator` presses Ctrl-C, and makes sure that nothing was left behind.


def test_a_proxy_of_the_surroundings_is_not_asked_for_this_machine(tmp_path: Path) -> None:
    """Nothing listens on that proxy: whatever goes through it fails."""
    dead = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    picture = tmp_path / "photo.png"
    picture.write_bytes(encoded("PNG"))
    with start_creator(tmp_path / "behind", **dead) as behind:
        assert behind.command("doctor").returncode == 0
        done = behind.command("run", "square-post", str(picture), "-o", str(tmp_path / "out"))
        assert done.returncode == 0, done.stderr


def test_a_killed_up_is_succeeded_by_the_next_one(tmp_path: Path) -> None:
    first = launch(tmp_path)
    os.kill(first.up_pid(), signal.SIGKILL)
    orphans = processes_of(tmp_path)
    assert orphans
    second = launch(tmp_path, first.port)
    try:
        assert "left behind" in second.output.read_text()
        assert not {line.split()[0] for line in orphans} & {
            line.split()[0] for line in processes_of(tmp_path)
        }
    finally:
        end(second)


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("WORKERS", "many", "WORKERS must be a whole number"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:9", "REDIS_URL: that server does not answer"),
        ("DATABASE_URL", "postgresql://me:secret@127.0.0.1:9/creator", "Connection refused"),
        ("CREATOR_HOME", "/proc/nowhere", "/proc/nowhere can't be used"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    creator: RunningCreator, tmp_path: Path, setting: str, value: str, sentence: str
) -> None:
    settings = {"CREATOR_HOME": str(tmp_path), "PORT": str(free_port()), setting: value}
    answer = creator.command("up", **settings)
    assert answer.returncode != 0
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "secret" not in answer.stderr + answer.stdout
    assert not processes_of(tmp_path)


def _lives_at(browser: Browser, origin: str) -> None:
    """The page shows, and its live connection goes to where it came from and stays open."""
    page = browser.new_page(ignore_https_errors=True)
    with page.expect_websocket() as opening:
        page.goto(f"{origin}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(1000)
    assert opening.value.url.startswith(origin.replace("http", "ws", 1) + "/_event")
    assert not opening.value.is_closed()
    page.close()


def _connects(creator: RunningCreator, origin: str) -> bool:
    client = socketio.Client()
    try:
        client.connect(
            f"{creator.url}?token={uuid.uuid4()}",
            headers={"Origin": origin},
            transports=["websocket"],
            namespaces=["/_event"],
            socketio_path="/_event",
        )
    except socketio.exceptions.ConnectionError:
        return False
    client.disconnect()
    return True


def _lan_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the way out
        return str(probe.getsockname()[0])


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _await(condition: object) -> None:
    deadline = time.monotonic() + AGAIN_WITHIN_S
    while not _holds(condition):
        assert time.monotonic() < deadline, "it did not come back in time"
        time.sleep(0.05)


def _holds(condition: object) -> bool:
    try:
        return bool(condition())
    except (OSError, ValueError):
        return False
