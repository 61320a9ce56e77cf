"""Which ports are free, and who sits on one that is not."""

import errno
import json
import socket
from contextlib import suppress
from pathlib import Path

import psutil

from creator_app.supervise.errors import StartError
from creator_app.supervise.home import write_private

_LOCAL = "127.0.0.1"
_PUBLIC = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET, _LOCAL), (socket.AF_INET6, "::1"))  # noqa: S104


def claim(port: int) -> None:
    """Makes sure that the pages can be served on a port.

    Raises:
        StartError: another program has it, or this user may not have it.
    """
    problem = _problem_anywhere(port)
    if problem == errno.EADDRINUSE:
        other = next((free for free in range(port + 1, 65536) if _problem_anywhere(free) is None), 3000)
        raise StartError(f"Port {port} is taken{_by_whom(port)}. Choose another one: make run PORT={other}")
    if problem == errno.EACCES:
        raise StartError(f"This user may not use port {port}. Choose one above 1023: make run PORT=3000")


def remembered(file: Path, names: list[str]) -> dict[str, int]:
    """A free local port for each name: the one it had before, where that is still free.

    Args:
        file: where the ports are written down; jobs name the engine by its address, so it should stay.
        names: what needs a port.
    """
    before: dict[str, int] = {}
    with suppress(OSError, ValueError):
        before = {str(name): int(port) for name, port in json.loads(file.read_text()).items()}
    ports: dict[str, int] = {}
    for name in names:
        port = before.get(name, 0)
        free = port and port not in ports.values() and _problem(socket.AF_INET, _LOCAL, port) is None
        ports[name] = port if free else _free(set(ports.values()))
    write_private(file, json.dumps(before | ports))
    return ports


def _free(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((_LOCAL, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def _problem_anywhere(port: int) -> int | None:
    # A browser may try any of these for "localhost".
    problems = (_problem(family, address, port) for family, address in _PUBLIC)
    return next((problem for problem in problems if problem), None)


def _problem(family: socket.AddressFamily, address: str, port: int) -> int | None:
    try:
        with socket.socket(family) as probe:
            # As servers do: what is left of closed connections is no hindrance, a listener is.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            probe.listen(1)
    except OSError as error:
        return error.errno if error.errno in (errno.EADDRINUSE, errno.EACCES) else None
    return None


def _by_whom(port: int) -> str:
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return " by another program"
