"""Finds what fell between two steps and puts it back on its way.

Valkey may lose tickets and workers may die; the rows stay. The sweeper looks at them every few seconds.
"""

from contextlib import suppress
from datetime import datetime
from typing import Final

from creator_app.domain.job_state import JobStatus
from creator_app.errors import InvalidTransition
from creator_app.infrastructure.database import db_now
from creator_app.models import LINE, Scheduler
from creator_app.repositories.attempts import AttemptRepository
from creator_app.repositories.jobs import JobRepository
from creator_app.repositories.line import LineRepository
from creator_app.services import claims, job_state, servers, waiting
from creator_app.services.unit_of_work import Work

_AT_A_TIME: Final = 100


def tickets_needed(work: Work) -> int:
    """How many workers could do something useful now.

    Abandoned attempts, and jobs that could start on a free slot. The caller issues what is missing.
    """
    now = db_now(work.session)
    return AttemptRepository(work.session).abandoned_count(now) + _startable(work, now)


def _startable(work: Work, now: datetime) -> int:
    line = work.session.get(Scheduler, LINE)
    free = servers.free(work)
    if line is None or line.queue_paused or not free:
        return 0
    if not LineRepository(work.session).startable(now, claims.free_servers(free)):
        return 0
    slots = sum(one.server.slots - one.busy for one in free)
    return JobRepository(work.session).eligible_count(now, slots)


def sweep(work: Work) -> None:
    """Ends what waits although it was canceled, and brings up to date what waiting jobs say of themselves."""
    now = db_now(work.session)
    for job_id in LineRepository(work.session).canceled(_AT_A_TIME):
        with suppress(InvalidTransition):  # somebody else has just ended it
            job_state.change(work, job_id, JobStatus.CANCELED, values={"finished_at": now})
    waiting.explain(work)
