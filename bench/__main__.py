"""``make bench``: starts a Creator as `make run` does, measures it, and prints tables.

Usage: python -m bench [overhead] [live] [start] [memory] [rate] [queued] [claims] [nodes] [lag] [idle]
       [transfer] [--runs N] [--megabytes N]
Without names, all of them. It takes its own home and a free port, so it may run beside another Creator.
Everything it started is ended again, also after Ctrl-C; it gives up after half an hour.
"""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import httpx
import redis
from playwright.sync_api import Error as BrowserError

from bench import claims, folders, live, memory, nodes, overhead, start, throughput, transfer
from bench.lab import Lab
from bench.table import say

LIMIT_S = 1800
MOST = 1000
#: What a Creator, its pages or a script that does not do as it should raises.
FAILURES = (AssertionError, httpx.HTTPError, redis.RedisError, subprocess.SubprocessError, BrowserError)
NAMES = (
    "overhead",
    "live",
    "start",
    "memory",
    "queued",
    "rate",
    "claims",
    "nodes",
    "lag",
    "idle",
    "transfer",
)


def main() -> int:
    """Measures what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures Creator.")
    parser.add_argument("what", nargs="*", metavar="what", help=f"{', '.join(NAMES)}; all where left out")
    parser.add_argument("--runs", type=_count, help="how often each thing is measured")
    parser.add_argument("--megabytes", type=_count, default=MOST, help="the size of the file of `transfer`")
    options = parser.parse_args()
    if unknown := [name for name in options.what if name not in NAMES]:
        parser.error(f"{unknown[0]} is not measured; {', '.join(NAMES)} are.")
    began = time.monotonic()
    with interruptible(), Lab() as lab:
        for name in options.what or NAMES:
            try:
                measure(name, lab, options.runs, options.megabytes)
            except FAILURES as error:
                raise SystemExit(f"{name} could not be measured: {error}") from None
    say(f"done in {time.monotonic() - began:.0f} s")
    return 0


def measure(name: str, lab: Lab, runs: int | None, megabytes: int) -> None:
    """Runs one measurement."""
    counts = {} if runs is None else {"runs": runs}
    measurements: dict[str, Callable[[], None]] = {
        "overhead": lambda: overhead.measure(lab, **counts),
        "live": lambda: live.measure(lab, **counts),
        "start": lambda: start.measure(lab, **counts),
        "memory": lambda: memory.measure(lab),
        "queued": lambda: throughput.measure_queued(lab, **counts),
        "rate": lambda: throughput.measure_rate(lab, **counts),
        "claims": lambda: claims.measure(**counts),
        "nodes": lambda: nodes.measure(**counts),
        "lag": lambda: folders.measure_lag(lab, **counts),
        "idle": lambda: folders.measure_idle(lab),
        "transfer": lambda: transfer.measure(lab, megabytes=megabytes, **counts),
    }
    measurements[name]()


@contextmanager
def interruptible() -> Iterator[None]:
    """Within it a signal to end, or too much time, is an exception: what was started gets ended."""

    def end(number: int, frame: FrameType | None) -> None:
        too_long = f"Gave up: it took longer than {LIMIT_S} s."
        raise SystemExit(too_long if number == signal.SIGALRM else "Stopped.")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, end)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"give a whole number from 1 to {MOST}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
