"""Queries over assets."""

from creator_app.models import Asset
from creator_app.repositories.base import BaseRepository


class AssetRepository(BaseRepository[Asset]):
    """Reads and writes assets."""

    model = Asset
