"""``creator_app web`` and ``creator_app build``: the pages alone, as `up` and the image use them."""

from pathlib import Path

import typer

from creator_app.config import get_settings
from creator_app.supervise import bundle
from creator_app.supervise.home import Home
from creator_app.supervise.supervisord import environment


def web(host: str = typer.Option("0.0.0.0", help="The address to listen on.")) -> None:  # noqa: S104
    """Serves the pages and the REST interface, without the other parts."""
    settings = get_settings()
    built = build()
    from creator_app.supervise.web import serve

    serve(host, settings.port, built)


def build() -> Path:
    """Builds the web pages, if those of this version are not built yet."""
    home = Home(get_settings().creator_home)
    home.prepare()
    wanted = bundle.current()
    if not bundle.is_built(wanted):
        bundle.build(wanted, environment({}), home.log_file("bundle"))
    return wanted
