"""Queries over signed-in browsers."""

from creator_app.models import UserSession
from creator_app.repositories.base import BaseRepository


class SessionRepository(BaseRepository[UserSession]):
    """Reads and writes signed-in browsers."""

    model = UserSession
