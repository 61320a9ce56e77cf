"""Keeps processes alive through supervisord, which is told what to do over a Unix socket."""

import configparser
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from xmlrpc.client import Error as RpcError
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from creator_app.supervise.errors import StartError
from creator_app.supervise.home import Home

#: How long a part may take to end by itself before it is killed, in seconds.
STOP_S: Final = 4
_START_S: Final = 10.0


@dataclass(frozen=True)
class Program:
    """A process to keep alive: its name, and its command as a list of words."""

    name: str
    command: Sequence[str]


@dataclass(frozen=True)
class Status:
    """What supervisord says of a process: RUNNING, STARTING, BACKOFF, STOPPING, STOPPED, EXITED or FATAL."""

    name: str
    state: str
    pid: int
    description: str


class Supervisord:
    """A supervisord of our own, a child of this process; leaving the context ends it."""

    def __init__(self, home: Home, programs: Sequence[Program], folder: Path) -> None:
        self._home = home
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # A socket's path may only be about a hundred characters long: the home's may be longer.
        self._sockets = Path(tempfile.mkdtemp(prefix="creator-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def start(self, environment: Mapping[str, str]) -> None:
        """Starts supervisord; no program runs yet.

        Args:
            environment: what it and all programs get.

        Raises:
            StartError: it does not come up.
        """
        configuration = self._home.run / "supervisord.conf"
        with configuration.open("w") as file:
            self._configuration().write(file)
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "supervisor.supervisord",
                "--nodaemon",
                "--configuration",
                str(configuration),
            ],
            cwd=self._folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for `up` alone, which ends the others in order
        )
        self._await_socket()

    def alive(self) -> bool:
        """Whether supervisord itself runs."""
        return self._process is not None and self._process.poll() is None

    def run(self, name: str) -> None:
        """Starts a program; does not wait until it is ready."""
        with suppress(RpcError):  # already running
            self._call("startProcess", name, False)

    def stop(self, names: Sequence[str]) -> None:
        """Ends programs, all at once, and waits until they have ended."""
        for name in names:
            with suppress(RpcError):  # not running
                self._call("stopProcess", name, False)
        deadline = time.monotonic() + STOP_S + 2
        while time.monotonic() < deadline:
            states = {status.name: status.state for status in self.statuses()}
            if all(states.get(name) in ("STOPPED", "EXITED", "FATAL") for name in names):
                return
            time.sleep(0.05)

    def statuses(self) -> list[Status]:
        """How each program is; empty where supervisord does not answer."""
        try:
            answer: Any = self._call("getAllProcessInfo")
        except (OSError, RpcError):
            return []
        return [Status(row["name"], row["statename"], row["pid"], row["description"]) for row in answer]

    def end(self) -> None:
        """Ends supervisord; programs that still run are ended by it first."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STOP_S + 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _call(self, method: str, *arguments: object) -> object:
        transport = SupervisorTransport(None, None, f"unix://{self._sockets}/s")
        with ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)

    def _await_socket(self) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self.alive():
            with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
                probe.connect(f"{self._sockets}/s")
                return
            time.sleep(0.02)
        raise StartError("The supervisor of the processes does not start.", self._home.tail("supervisord"))

    def _configuration(self) -> configparser.RawConfigParser:
        parser = configparser.RawConfigParser()
        parser["supervisord"] = {
            "nodaemon": "true",
            "silent": "true",
            "logfile": _literal(self._home.log_file("supervisord")),
            "logfile_maxbytes": "1MB",
            "logfile_backups": "1",
            "pidfile": _literal(self._home.pid_file("supervisord")),
            "childlogdir": _literal(self._home.log),
        }
        parser["unix_http_server"] = {"file": _literal(self._sockets / "s"), "chmod": "0700"}
        parser["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        for program in self._programs:
            parser[f"program:{program.name}"] = self._section(program)
        return parser

    def _section(self, program: Program) -> dict[str, str]:
        return {
            "command": _literal(shlex.join(["/bin/sh", "-c", self._script(program)])),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": "3",
            "startretries": "4",
            "stopwaitsecs": str(STOP_S),
            "stopasgroup": "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": _literal(self._home.log_file(program.name)),
            "stdout_logfile_maxbytes": "5MB",
            "stdout_logfile_backups": "2",
        }

    def _script(self, program: Program) -> str:
        # The process writes its own id before it becomes the program: the file is right from the start.
        file = shlex.quote(str(self._home.pid_file(program.name)))
        return f"echo $$ > {file}.new && mv -f {file}.new {file} && exec {shlex.join(program.command)}"


def _literal(text: object) -> str:
    """Protects per cent signs, which supervisord would expand."""
    return str(text).replace("%", "%%")


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with ``extra`` on top."""
    return {**os.environ, **extra}
