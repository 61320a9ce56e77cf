"""The app object: pages registered, the REST interface mounted, the live hub started. No logic."""

from urllib.parse import urlsplit

import reflex as rx

from creator_app.api.app import create_api
from creator_app.bootstrap import get_creator
from creator_app.config import get_settings
from creator_app.infrastructure.logging import configure_logging
from creator_app.live.hub import hub
from creator_app.ui import pages


def same_origin(origin: str | None, environ: dict[str, str]) -> bool:
    """Whether a WebSocket comes from one of our own pages; programs send no origin.

    Args:
        origin: what the browser says where the page came from; several, by commas, where it was sent twice.
        environ: the request; a proxy in front may have kept or forwarded the host.
    """
    if origin is None:
        return True
    public = urlsplit(get_creator().settings.public_url or "").netloc
    hosts = {environ.get("HTTP_HOST"), environ.get("HTTP_X_FORWARDED_HOST"), public or None} - {None}
    return all(urlsplit(one.strip()).netloc in hosts for one in origin.split(","))


async def live_updates() -> None:
    """Brings job changes to open pages for as long as the server runs."""
    settings = get_creator().settings
    if settings.redis_url and settings.creator_hub:
        await hub.run(app, settings.redis_url_for(1))


def _log_as_settings_say() -> None:
    settings = get_settings()
    configure_logging(settings.log_json, settings.log_level)


_log_as_settings_say()
app = rx.App(api_transformer=create_api())
if app.sio is not None:
    app.sio.eio.cors_allowed_origins = same_origin
app.register_lifespan_task(live_updates)
pages.register(app)
