"""Starts a whole Creator with `make run`, on a free port and in a home of its own, and ends it."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 240.0  # the first start builds the web pages
STOPPED_WITHIN_S = 20.0
_LAST_MOMENT_S = 3.0
#: As it was before any test: fixtures of other folders set variables for this very process.
_OUTSIDE = dict(os.environ)


@dataclass(frozen=True)
class RunningCreator:
    """A Creator that runs: where, with which home, and what `make run` has printed so far (a file)."""

    url: str
    port: int
    home: Path
    output: Path
    environment: dict[str, str]

    def pid(self, name: str) -> int:
        """The process id of a part: valkey, engine, web, worker-1, clock, …"""
        return int((self.home / "run" / f"{name}.pid").read_text())

    def up_pid(self) -> int:
        """The process id of `up`, which watches over the parts."""
        return int(json.loads((self.home / "run" / "stack.json").read_text())["pid"])

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs `python -m creator_app …` against this Creator."""
        return subprocess.run(
            [str(ROOT / ".venv" / "bin" / "python"), "-m", "creator_app", *arguments],
            cwd=ROOT,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@contextmanager
def start_creator(home: Path, port: int | None = None, **settings: str) -> Iterator[RunningCreator]:
    """Within it a Creator runs that `make run` has started.

    Args:
        home: its CREATOR_HOME.
        port: where its pages are; a free one where left out.
        settings: further settings, as environment variables.
    """
    running = launch(home, port, **settings)
    try:
        yield running
    finally:
        end(running)


def launch(home: Path, port: int | None = None, **settings: str) -> RunningCreator:
    """Starts a Creator and returns when it says that it is ready; `end` ends it. See `start_creator`."""
    port = port or free_port()
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    output = home / "make-run.log"
    environment = clean_environment(CREATOR_HOME=str(home), PORT=str(port), **settings)
    with output.open("w") as file:
        process = subprocess.Popen(
            ["make", "--no-print-directory", "run"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _await_ready(process, output)
    return RunningCreator(f"http://localhost:{port}", port, home, output, environment)


def end(running: RunningCreator) -> None:
    """Ends a Creator as Ctrl-C in its terminal does, and makes sure that nothing of it is left."""
    process = psutil.Process(running.up_pid())
    os.killpg(os.getpgid(process.pid), signal.SIGINT)
    try:
        process.wait(timeout=STOPPED_WITHIN_S)
    except psutil.TimeoutExpired as error:
        raise AssertionError(f"Creator did not stop:\n{running.output.read_text()}") from error
    # `make` itself ends a moment after what it ran.
    deadline = time.monotonic() + _LAST_MOMENT_S
    while (left := processes_of(running.home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left, f"left behind: {left}"


def processes_of(home: Path) -> list[str]:
    """The command lines of all processes whose environment names ``home``; the tests' own excepted."""
    found = []
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid in mine or process.environ().get("CREATOR_HOME") != str(home):
                continue
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except (psutil.Error, OSError):
            continue
    return found


def clean_environment(**settings: str) -> dict[str, str]:
    """The environment that the tests were started in, without settings of Creator, and with ``settings``."""
    swapped = {"DATABASE_URL", "REDIS_URL", "STORAGE_URL", "COMFYUI_SERVERS", "CREATOR_STACK"}
    # Reflex takes a process that knows of a running test for a test of its own, and installs no packages.
    swapped |= {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTEST_CURRENT_TEST"}
    kept = {name: value for name, value in _OUTSIDE.items() if name not in swapped}
    return {**kept, **settings}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_ready(process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while "Creator is ready" not in output.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise AssertionError(f"Creator did not start:\n{output.read_text()}")
        time.sleep(0.1)
