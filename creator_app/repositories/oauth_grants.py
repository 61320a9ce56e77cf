"""Queries over grants at other services."""

from creator_app.models import OAuthGrant
from creator_app.repositories.base import BaseRepository


class OAuthGrantRepository(BaseRepository[OAuthGrant]):
    """Reads and writes grants at other services."""

    model = OAuthGrant
