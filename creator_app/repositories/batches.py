"""Queries over batches."""

from creator_app.models import Batch
from creator_app.repositories.base import BaseRepository


class BatchRepository(BaseRepository[Batch]):
    """Reads and writes batches."""

    model = Batch
