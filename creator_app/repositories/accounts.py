"""Queries over accounts."""

from creator_app.models import Account
from creator_app.repositories.base import BaseRepository


class AccountRepository(BaseRepository[Account]):
    """Reads and writes accounts."""

    model = Account
