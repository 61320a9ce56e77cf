"""Creator for others: logs for machines."""

from typing import Literal

from creator_app.config.base import Settings


class ProductionSettings(Settings):
    """One JSON object per log line."""

    environment: Literal["production"] = "production"
    log_json: bool = True
