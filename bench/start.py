"""A warm `make run`, until a page answers.

The home exists, the database is up to date and the web bundle is built: what is measured is every start but
the first one. Measured from the start of `make` to the first 200 for the landing page, asked for every 20
ms, and to the moment when it says that all parts are ready. The floor is the web server alone (`creator_app
web`) in the same home.
"""

import statistics
import subprocess
import sys
import threading
import time

import httpx

from bench.lab import Lab
from bench.table import say, show
from tests.peers.creator import ROOT, STOPPED_WITHIN_S, clean_environment

RUNS = 5
MOST = 10
AIM_S = 12.0
_ASK_EVERY_S = 0.02
_PATIENCE_S = 60.0


def measure(lab: Lab, runs: int = RUNS) -> None:
    """Restarts Creator several times and prints how long it took.

    Args:
        lab: where it runs.
        runs: how often it is started; at most ``MOST`` times.
    """
    say("start: a first start, which is not counted")
    lab.fresh()
    lab.down()
    floor, answered, ready = [], [], []
    for run in range(1, min(runs, MOST) + 1):
        say(f"start: {run} of {min(runs, MOST)}, the web server alone")
        floor.append(web_alone(lab))
        say(f"start: {run} of {min(runs, MOST)}, make run")
        first, all_ready = make_run(lab)
        answered.append(first)
        ready.append(all_ready)
    rows = (
        ("web server alone (floor)", floor),
        ("make run, page answers 200", answered),
        ("make run, all parts ready", ready),
    )
    show(
        f"(c) warm start, {len(answered)} times each; aim: a page answers within {AIM_S:.0f} s",
        ("what", "median s", "max s", "ratio"),
        [
            (name, statistics.median(took), max(took), statistics.median(took) / statistics.median(floor))
            for name, took in rows
        ],
    )


def make_run(lab: Lab) -> tuple[float, float]:
    """How long `make run` took to a page that answers and until it was ready, in seconds; then it ends."""
    began = time.monotonic()
    first = FirstAnswer(lab.port)
    try:
        lab.up()
        ready = time.monotonic() - began
        return first.wait() - began, ready
    finally:
        first.stop()
        lab.down()


def web_alone(lab: Lab) -> float:
    """How long the web server alone took to a page that answers, in seconds; then it ends."""
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "creator_app", "web"],
        cwd=ROOT,
        env=clean_environment(CREATOR_HOME=str(lab.home), PORT=str(lab.port)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        first = FirstAnswer(lab.port)
        try:
            return first.wait() - began
        finally:
            first.stop()
            process.terminate()
            try:
                process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


class FirstAnswer:
    """Asks for a page, in a thread, until it is answered with 200.

    Args:
        port: of the web server, on this machine.
    """

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/"
        self._at: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def wait(self) -> float:
        """When it was answered, on the clock of `time.monotonic`.

        Raises:
            SystemExit: it was not answered for a long time.
        """
        self._thread.join(_PATIENCE_S)
        if self._at is None:
            raise SystemExit(f"No page answered within {_PATIENCE_S:.0f} s.")
        return self._at

    def stop(self) -> None:
        """Asks no more."""
        self._stop.set()

    def _ask(self) -> None:
        with httpx.Client(timeout=_PATIENCE_S) as client:
            while not self._stop.wait(_ASK_EVERY_S):
                try:
                    if client.get(self._url).status_code == 200:
                        self._at = time.monotonic()
                        return
                except httpx.TransportError:
                    continue
