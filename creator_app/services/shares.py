"""How much of the line an account may have: its weight, and its limits of running and waiting jobs."""

from uuid import UUID

from sqlmodel import func, select

from creator_app.domain.job_state import JobStatus
from creator_app.errors import InvalidInput, NotFound
from creator_app.models import Account, Job
from creator_app.repositories.users import UserRepository
from creator_app.services.unit_of_work import Work


def at_limit(work: Work, account_id: UUID) -> bool:
    """Whether as many jobs of an account run as may run at a time; the claim counts them likewise."""
    account = work.session.get(Account, account_id)
    if account is None or account.max_running is None:
        return False
    running = select(func.count()).where(Job.account_id == account_id, Job.status == JobStatus.RUNNING.value)
    return work.session.exec(running).one() >= account.max_running


def set_share(
    work: Work,
    email: str,
    *,
    weight: float | None = None,
    max_running: int | None = None,
    max_queued: int | None = None,
) -> Account:
    """Changes what is given, leaves the rest.

    Args:
        work: a writing transaction.
        email: of a user of the account.
        weight: its share of the servers, above 0; an account of weight 2 gets two jobs for another one's one.
        max_running: jobs at a time; 0 for no limit.
        max_queued: jobs that may wait; 0 for no limit.

    Raises:
        NotFound: nobody has this address.
        InvalidInput: a number is out of range.
    """
    user = UserRepository(work.session).by_email(email.strip().lower())
    account = work.session.get(Account, user.account_id, with_for_update=True) if user else None
    if account is None:
        raise NotFound(f"Nobody has the address {email}.", hint="See how it is written.")
    if (weight is not None and weight <= 0) or min(max_running or 0, max_queued or 0) < 0:
        raise InvalidInput("A weight must be above 0, a limit 0 or more.", hint="0 means: no limit.")
    if weight is not None:
        account.weight = weight
    if max_running is not None:
        account.max_running = max_running or None
    if max_queued is not None:
        account.max_queued = max_queued or None
    work.session.add(account)
    return account
