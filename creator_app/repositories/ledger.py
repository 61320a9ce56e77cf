"""Queries over ledger entries."""

from creator_app.models import LedgerEntry
from creator_app.repositories.base import BaseRepository


class LedgerRepository(BaseRepository[LedgerEntry]):
    """Reads and writes ledger entries."""

    model = LedgerEntry
