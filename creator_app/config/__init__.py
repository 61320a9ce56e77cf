"""Creator's settings, from the environment and a `.env` file. Nothing else reads the environment."""

from creator_app.config.base import Settings
from creator_app.config.errors import SettingsError
from creator_app.config.loading import get_settings, load_settings

__all__ = ["Settings", "SettingsError", "get_settings", "load_settings"]
