"""Queries over lines of jobs' histories."""

from creator_app.models import JobEvent
from creator_app.repositories.base import BaseRepository


class EventRepository(BaseRepository[JobEvent]):
    """Reads and writes lines of jobs' histories."""

    model = JobEvent
