"""Queries over outgoing messages."""

from creator_app.models import Outbox
from creator_app.repositories.base import BaseRepository


class OutboxRepository(BaseRepository[Outbox]):
    """Reads and writes outgoing messages."""

    model = Outbox
