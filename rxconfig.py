"""How Reflex builds and serves Creator: one port for everything, nothing asked on the network."""

from pathlib import Path
from typing import Any

import reflex as rx

from creator_app.config import get_settings
from creator_app.supervise.bundle import PLACEHOLDER, serve_any_origin
from creator_app.ui.theme import radix_plugin

_HOUR_S = 3600


class AnyOrigin(rx.plugins.Plugin):
    """Makes the bundle speak to wherever its page came from."""

    def post_build(self, *, static_dir: Path, **context: Any) -> None:
        """Runs after the bundle was built and before it is compressed."""
        serve_any_origin(static_dir)


_settings = get_settings()

config = rx.Config(
    app_name="creator_app",
    api_url=PLACEHOLDER,
    deploy_url=None,
    # No other origin is let in over HTTP; the WebSocket's rule is in creator_app.py.
    cors_allowed_origins=[],
    redis_url=_settings.redis_url_for(2) if _settings.redis_url else None,
    redis_token_expiration=8 * _HOUR_S,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[radix_plugin(), AnyOrigin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
