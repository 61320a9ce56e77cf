"""How a command works with the Creator that runs in this home, or with one that it starts for itself."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from creator_app.config import get_settings
from creator_app.supervise.home import Home


def has_database() -> bool:
    """Whether there is a database to look into: to open one that is not there would make it."""
    url = get_settings().database_url
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///").partition("?")[0]).exists()


def no_creator_here() -> str | None:
    """Says so where no Creator was ever started in this home; ``None`` where one was."""
    if has_database():
        return None
    home = get_settings().creator_home
    return (
        f"There is no Creator in {home} yet. Start it with `make run`; "
        "or name another one's folder: CREATOR_HOME=… python -m creator_app …"
    )


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
