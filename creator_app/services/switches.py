"""The operator's two switches: take no new jobs, start no waiting ones."""

from creator_app.models import LINE, Scheduler
from creator_app.services.unit_of_work import TicketWanted, Work


def read(work: Work) -> Scheduler:
    """How the switches stand."""
    return work.session.get(Scheduler, LINE) or Scheduler(name=LINE)


def turn(work: Work, *, intake_paused: bool | None = None, queue_paused: bool | None = None) -> Scheduler:
    """Turns one switch or both; what is left out stays. Running jobs go on either way."""
    line = work.session.get(Scheduler, LINE, with_for_update=True) or Scheduler(name=LINE)
    if intake_paused is not None:
        line.intake_paused = intake_paused
    if queue_paused is not None:
        line.queue_paused = queue_paused
        if not queue_paused:
            work.tell(TicketWanted())
    work.session.add(line)
    return line
