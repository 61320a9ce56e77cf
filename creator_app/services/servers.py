"""The ComfyUI servers that jobs run on, and whether they answer."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select

from creator_app.domain.job_state import JobStatus
from creator_app.infrastructure.database import db_now
from creator_app.models import ComfyServer, Job
from creator_app.services.unit_of_work import TicketWanted, Work

NO_SERVER = "no_server"


def register(work: Work, urls: Sequence[str]) -> None:
    """Makes rows for the servers named in the settings; rows of others are taken out of service."""
    known = {server.url: server for server in work.session.exec(select(ComfyServer))}
    wanted = [url.rstrip("/") for url in urls]
    for url in wanted:
        if url not in known:
            work.session.add(ComfyServer(url=url, state="offline"))
    for url, server in known.items():
        if url not in wanted and server.state == "online":
            server.state = "offline"
            work.session.add(server)


def watched(work: Work) -> Sequence[ComfyServer]:
    """The servers whose health is to be looked at."""
    return work.session.exec(select(ComfyServer).where(ComfyServer.state != "draining")).all()


def mark(work: Work, server_id: UUID, *, answers: bool) -> None:
    """Notes whether a server answered; one that is back lets waiting jobs start."""
    server = work.session.get(ComfyServer, server_id)
    if server is None:
        return
    if answers:
        came_back = server.state != "online"
        server.state = "online"
        server.failures = 0
        server.last_seen_at = db_now(work.session)
        if came_back:
            work.tell(TicketWanted(server.slots))
    else:
        server.state = "offline"
        server.failures += 1
    work.session.add(server)


def explain_waiting(work: Work) -> None:
    """Writes on waiting jobs that no server is there, and takes it off again when one is."""
    online = work.session.exec(select(ComfyServer.id).where(ComfyServer.state == "online")).first()
    queued = col(Job.status) == JobStatus.QUEUED.value
    if online is None:
        statement = (
            update(Job).where(queued, col(Job.waiting_reason).is_(None)).values(waiting_reason=NO_SERVER)
        )
    else:
        statement = (
            update(Job).where(queued, col(Job.waiting_reason) == NO_SERVER).values(waiting_reason=None)
        )
    work.session.exec(statement)
