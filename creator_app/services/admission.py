"""Whether a job may come in at all, asked before anything is kept."""

from typing import Final
from uuid import UUID

from creator_app.errors import RateLimited, Unavailable
from creator_app.models import LINE, Account, Scheduler
from creator_app.repositories.jobs import JobRepository
from creator_app.services import abilities, servers
from creator_app.services.unit_of_work import Work

_LATER: Final = "Your file is fine. Try again later."


class IntakePaused(Unavailable):
    """The operator takes no new jobs for now."""

    code = "intake_paused"
    retry_after_s = 60
    default_message = "New jobs are not taken just now."
    default_hint = _LATER


class NoServerCan(Unavailable):
    """No server in the pool has what the recipe needs."""

    code = "no_server_can"
    retryable = False
    default_message = "This recipe can't be run here at the moment: something that it needs is not installed."
    default_hint = "Choose another recipe, or tell the person who runs this site."


class QueueFull(RateLimited):
    """The account has as many jobs waiting as it may."""

    code = "queue_full"
    default_hint = "Wait until some of them are done, then go on."


def admit(work: Work, account_id: UUID, recipe_version_id: UUID) -> None:
    """Lets a job in, or says why not.

    Raises:
        IntakePaused: nothing is taken now.
        QueueFull: the account has too many waiting.
        NoServerCan: every server is known, and none could ever run it.
    """
    line = work.session.get(Scheduler, LINE)
    if line is not None and line.intake_paused:
        raise IntakePaused
    account = work.session.get(Account, account_id)
    limit = account.max_queued if account else None
    if limit is not None and JobRepository(work.session).queued_count(account_id) >= limit:
        raise QueueFull(f"You have {limit} jobs waiting, and more can't wait at a time.")
    known = abilities.known(work, recipe_version_id)
    if known and not any(row.able for row in known) and len(known) == len(servers.every(work)):
        raise NoServerCan
