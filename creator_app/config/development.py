"""Creator on one's own machine: the defaults, with logs for people."""

from typing import Literal

from creator_app.config.base import Settings


class DevelopmentSettings(Settings):
    """Nothing differs from the defaults."""

    environment: Literal["development"] = "development"
