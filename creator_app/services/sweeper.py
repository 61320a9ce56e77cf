"""Finds what fell between two steps and puts it back on its way.

Valkey may lose tickets and workers may die; the rows stay. The sweeper looks at them every few seconds.
"""

from creator_app.infrastructure.database import db_now
from creator_app.repositories.attempts import AttemptRepository
from creator_app.repositories.jobs import JobRepository
from creator_app.services import servers
from creator_app.services.unit_of_work import Work


def tickets_needed(work: Work) -> int:
    """How many workers could do something useful now.

    Abandoned attempts, and jobs that could start on a free slot. The caller issues what is missing.
    """
    now = db_now(work.session)
    attempts = AttemptRepository(work.session)
    startable = min(JobRepository(work.session).eligible_count(now), attempts.free_slots())
    return attempts.abandoned_count(now) + startable


def sweep(work: Work) -> None:
    """Brings what waiting jobs say about themselves up to date."""
    servers.explain_waiting(work)
