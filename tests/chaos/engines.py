"""Engines beside the embedded one, each behind a line, started again by us as a process manager would."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.line import Line
from tests.peers.creator import ROOT, clean_environment, free_port

_AWAY_S = 1.0


@dataclass
class OutsideEngine:
    """A built-in engine as a process of its own.

    Attributes:
        port: where it really listens.
        folder: its files.
        line: how Creator reaches it.
    """

    port: int
    folder: Path
    line: Line
    _process: subprocess.Popen[bytes] | None = None
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Starts it; it is ready a moment later."""
        command = [sys.executable, "-m", "jobs_worker.embedded_comfyui"]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port), "--dir", str(self.folder)],
                cwd=ROOT,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """SIGKILL; the keeper starts it again."""
        if self._process is not None:
            self._process.kill()

    def keep(self) -> None:
        """Starts it again a second after it died, until `end`."""
        while not self._ended.wait(0.1):
            if self._process is not None and self._process.poll() is not None:
                time.sleep(_AWAY_S)
                self.start()

    def end(self) -> None:
        """Ends it for good."""
        self._ended.set()
        time.sleep(0.2)
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def outside_engines(count: int, folder: Path) -> Iterator[list[OutsideEngine]]:
    """Within it so many engines run, each behind its line."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        engines = []
        for number in range(1, count + 1):
            port = free_port()
            line = stack.enter_context(Line(port))
            engine = OutsideEngine(port, folder / f"engine-{number}", line)
            engine.start()
            keeper = threading.Thread(target=engine.keep, name=f"keeper-{number}", daemon=True)
            keeper.start()
            stack.callback(keeper.join, 5)
            stack.callback(engine.end)
            engines.append(engine)
        yield engines
