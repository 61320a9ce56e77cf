"""``creator_app up``: starts Creator and keeps it running."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from creator_app.config import get_settings
from creator_app.supervise.errors import StartError
from creator_app.supervise.stack import Stack

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody wants this to end; not an error, so nothing that handles errors may catch it."""


def up(
    reload: bool = typer.Option(False, "--reload", help="Start again whenever a source file changes."),
) -> None:
    """Starts Creator on this machine; Ctrl-C ends it."""
    settings = get_settings()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {text}", flush=True)

    try:
        with stop_signals(), Stack(settings, say) as stack:
            stack.start()
            _say_ready(stack)
            stack.watch(reload=reload)
    except StopRequested:
        say("Stopped")
    except StartError as error:
        print(f"\nCreator could not start: {error}", file=sys.stderr)
        if error.detail:
            print(_indented(error.detail), file=sys.stderr)
        raise SystemExit(1) from None


@contextmanager
def stop_signals() -> Iterator[None]:
    """Turns the first signal to end into `StopRequested`; later ones wait until everything has ended."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        for name in _SIGNALS:
            signal.signal(name, signal.SIG_IGN)
        print("\nStopping …", flush=True)
        raise StopRequested

    former = {name: signal.signal(name, on_signal) for name in _SIGNALS}
    try:
        yield
    finally:
        for name, handler in former.items():
            signal.signal(name, handler)


def _say_ready(stack: Stack) -> None:
    print(f"\nCreator is ready: {stack.url}", flush=True)
    if code := stack.home.setup_code():
        print(f"The first account becomes the admin's. Made from another machine it needs this code: {code}")
    print(flush=True)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
