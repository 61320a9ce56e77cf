"""The Creator that is measured: started by `make run`, with default settings, in a home of its own."""

import signal
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from bench.table import say
from tests.peers.creator import STOPPED_WITHIN_S, RunningCreator, end, free_port, launch, processes_of


class Lab:
    """A home and a port for one Creator; leaving the context ends what runs there and removes the home."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="creator-bench-", ignore_cleanup_errors=True)
        self.home = Path(self._folder.name).resolve()
        self.port = free_port()
        self._running: RunningCreator | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)  # another Ctrl-C must not leave half of it behind
        self.down()
        self._folder.cleanup()

    def up(self, **settings: str) -> RunningCreator:
        """The Creator, started if it does not run; ``settings`` as environment variables."""
        if self._running is None:
            self._running = launch(self.home, self.port, **settings)
        return self._running

    def down(self) -> None:
        """Ends the Creator if it runs, also one that has only begun to start."""
        running, self._running = self._running, None
        try:
            if running is not None:
                end(running)
        except (AssertionError, psutil.Error, OSError) as error:
            say(f"Creator did not end by itself: {error}")
        self._end_left()

    def fresh(self, **settings: str) -> RunningCreator:
        """A Creator that has just been started and has done nothing yet."""
        self.down()
        return self.up(**settings)

    def _end_left(self) -> None:
        left = processes(self.home)
        watchers = [process for process in left if "up" in _command(process)]
        for process in watchers:  # `up` ends its parts in order
            process.send_signal(signal.SIGINT)
        psutil.wait_procs(watchers, timeout=STOPPED_WITHIN_S)
        # A supervisor that still lives may start a part again while they are killed.
        for _ in range(5):
            left = processes(self.home)
            for process in left:
                process.kill()
            psutil.wait_procs(left, timeout=2)


def processes(home: Path) -> list[psutil.Process]:
    """Every process of the Creator in ``home``."""
    found = []
    for line in processes_of(home):
        try:
            found.append(psutil.Process(int(line.split()[0])))
        except psutil.NoSuchProcess:
            continue
    return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
