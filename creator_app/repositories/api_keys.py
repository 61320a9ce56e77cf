"""Queries over API keys."""

from creator_app.models import ApiKey
from creator_app.repositories.base import BaseRepository


class ApiKeyRepository(BaseRepository[ApiKey]):
    """Reads and writes API keys."""

    model = ApiKey
