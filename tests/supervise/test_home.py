"""What `up` keeps in its home, and how it meets what is already there."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from creator_app.supervise import leftovers, ports, valkey
from creator_app.supervise.errors import StartError
from creator_app.supervise.home import MARKER, Home, Running
from creator_app.supervise.sources import Sources


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "a home with spaces")
    made.prepare()
    return made


def test_one_up_at_a_time(home: Home) -> None:
    other = Home(home.root)
    assert not home.locked()
    assert home.lock()
    assert not other.lock()
    assert other.locked()


def test_a_creator_is_announced_only_while_it_runs(home: Home) -> None:
    running = Running(os.getpid(), "http://localhost:1", {"REDIS_URL": "redis://x"}, True, parts=["web"])
    home.announce(running)
    assert home.running() is None  # nobody holds the lock: it was left behind
    home.lock()
    assert Home(home.root).running() == running
    home.forget()
    assert Home(home.root).running() is None


def test_passwords_are_for_this_user_only(home: Home) -> None:
    words = valkey.command(home, 7777)
    password = home.secret("valkey.password")
    assert password not in " ".join(words)
    for path in (Path(words[1]), home.root / "secrets" / "valkey.password"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"requirepass {password}" in Path(words[1]).read_text()


def test_a_taken_port_is_told_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StartError, match=rf"Port {port} is taken.*make run PORT=\d+"):
            ports.claim(port)
    ports.claim(port)


def test_ports_stay_the_same_while_they_are_free(home: Home) -> None:
    file = home.run / "ports.json"
    first = ports.remembered(file, ["valkey", "engine"])
    assert ports.remembered(file, ["valkey", "engine"]) == first
    with socket.create_server(("127.0.0.1", first["engine"])):
        second = ports.remembered(file, ["valkey", "engine"])
    assert second["valkey"] == first["valkey"]
    assert second["engine"] != first["engine"]


def test_what_was_left_behind_is_ended_even_in_a_group_of_its_own(home: Home, tmp_path: Path) -> None:
    stubborn, stranger = _start(home.root), _start(tmp_path)
    try:
        assert leftovers.end(home.root, patience_s=0.3) == 1
        assert not psutil.pid_exists(stubborn.pid)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_changed_sources_are_noticed_once(tmp_path: Path) -> None:
    (tmp_path / "creator_app").mkdir()
    sources = Sources(tmp_path)
    (tmp_path / "creator_app" / "new.py").write_text("x = 1")
    assert sources.changed() == ["creator_app/new.py"]
    assert sources.changed() == []


_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def _start(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _STUBBORN],
        env={**os.environ, MARKER: str(root)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    return process
