"""How a command works with the Creator that runs in this home, or with one that it starts for itself."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from creator_app.config import get_settings
from creator_app.supervise.home import Home


def join() -> bool:
    """Takes over the addresses of the embedded parts that run in this home.

    Returns:
        Whether a Creator runs here.
    """
    running = Home(get_settings().creator_home).running()
    if running is None:
        return False
    _use(running.environment)
    return running.ready


@contextmanager
def running_stack() -> Iterator[None]:
    """Within it a Creator runs: the one of this home, else one without pages that ends with the context.

    Raises:
        StartError: it can't be started.
    """
    if join():
        yield
        return
    from creator_app.cli.up import StopRequested, stop_signals
    from creator_app.supervise.stack import Stack

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    try:
        with stop_signals(), Stack(get_settings(), say, pages=False) as stack:
            stack.start()
            _use(stack.environment)
            yield
    except StopRequested:
        raise SystemExit(130) from None


def _use(environment: dict[str, str]) -> None:
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    get_settings.cache_clear()
