"""Bringing results back to where the pictures came from: what is to be brought, and how far it is.

The rows are written in the transaction that ends a job, so that a result can't be forgotten; each has a cause
that is unique, so that it can't be brought twice. Couriers work them off; see `creator_app.services.errands`.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from creator_app.domain.drops import VALUES_FILE, note_name, note_text
from creator_app.domain.job_state import JobStatus
from creator_app.errors import NotFound
from creator_app.infrastructure.database import db_now
from creator_app.models import Delivery, DropFile, DropFolder, DropSource, Job
from creator_app.models.base import new_id
from creator_app.repositories.deliveries import DeliveryRepository
from creator_app.services import errands
from creator_app.services.errands import Errand
from creator_app.services.unit_of_work import ErrandWanted, FoldersChanged, JobChanged, Work

#: Where jobs come from that have a folder to go back to.
FOLDER_SOURCES: Final = ("drive", "folder")
VALUES_NOTE: Final = note_name(VALUES_FILE)
#: Trying goes on for this long; then a person must ask for it.
_PATIENCE: Final = timedelta(days=14)
_FULL_EVERY: Final = timedelta(minutes=15)
_LONGEST_BACKOFF: Final = timedelta(minutes=10)


def plan(work: Work, job: Job) -> None:
    """Writes down what is to be brought back for a job that has just ended."""
    if job.source not in FOLDER_SOURCES or not job.source_ref:
        return
    file = work.session.get(DropFile, UUID(job.source_ref))
    folder = work.session.get(DropFolder, file.folder_id) if file is not None else None
    if file is None or folder is None:
        return
    if job.status == JobStatus.SUCCEEDED:
        for output in job.outputs:
            n = int(output["n"])
            _add(work, folder, file, "result", f"result:{job.id}:{n}", job_id=job.id, n=n)
    elif job.status == JobStatus.FAILED:
        text = note_text(file.name, job.error_message or "It failed.", job.error_hint or "")
        _add(work, folder, file, "note", f"note:job:{job.id}", job_id=job.id, body=text)
    else:
        return
    if folder.after == "move":
        _add(work, folder, file, "source", f"source:{job.id}", job_id=job.id)
    work.tell(ErrandWanted())
    work.tell(FoldersChanged(folder.account_id))


def plan_note(work: Work, folder: DropFolder, file: DropFile, message: str, hint: str) -> None:
    """Writes down that a note about a file is to be brought; its source moves beside it if it is to move."""
    text = note_text(file.name, message, hint)
    _add(work, folder, file, "note", f"note:file:{file.id}", body=text)
    if folder.after == "move":
        _add(work, folder, file, "source", f"source:file:{file.id}")
    work.tell(ErrandWanted())


def plan_values_note(work: Work, folder: DropFolder, version: str, message: str) -> None:
    """Writes down that a note about a folder's ``recipe.txt`` is to be brought; once per content."""
    text = f"{VALUES_FILE} can't be read as it is, so the files beside it wait.\n\n{message}\n"
    _add(work, folder, None, "note", f"note:values:{folder.id}:{version}", body=text, remote_name=VALUES_NOTE)
    work.tell(ErrandWanted())


def _add(work: Work, folder: DropFolder, file: DropFile | None, what: str, cause: str, **values: Any) -> None:
    if work.session.exec(select(Delivery.id).where(Delivery.cause == cause)).first() is not None:
        return
    source = work.session.get(DropSource, folder.source_id)
    now = db_now(work.session)
    work.session.add(
        Delivery(
            id=new_id(),
            account_id=folder.account_id,
            folder_id=folder.id,
            file_id=file.id if file is not None else None,
            kind=source.kind if source is not None else "folder",
            what=what,
            target=folder.name,
            cause=cause,
            next_at=now,
            created_at=now,
            **values,
        )
    )
    work.session.flush()


def claim(work: Work, limit: int, per_account: int, lease: timedelta = errands.LEASE) -> list[Errand]:
    """Deliveries whose turn has come, for this courier alone."""
    due = DeliveryRepository(work.session).due(db_now(work.session), limit, per_account)
    for row in due:
        row.state = "sending"
    return errands.lend(work, due, lease)


def reserved(work: Work, errand: Errand, remote_id: str, name: str) -> None:
    """Keeps the id under which a file is going to be written, before its first byte goes out.

    Raises:
        LeaseLost: somebody else brings it.
    """
    row = errands.held(work, errand, Delivery)
    row.remote_id = remote_id
    row.remote_name = name
    work.session.add(row)


def done(work: Work, errand: Errand, *, remote_id: str | None, name: str | None, url: str | None) -> None:
    """Notes that it has arrived.

    Raises:
        LeaseLost: somebody else brings it.
    """
    row = errands.held(work, errand, Delivery)
    row.state = "done"
    row.done_at = db_now(work.session)
    row.next_at = None
    row.remote_id = remote_id or row.remote_id
    row.remote_name = name or row.remote_name
    row.url = url
    row.error_code = row.last_error = None
    errands.let_go(row)
    _tell(work, row)


def later(work: Work, errand: Errand, code: str, reason: str, *, full: bool = False) -> None:
    """Lets a delivery wait after something failed; given up after two weeks, and then only until asked for.

    Args:
        work: a writing transaction.
        errand: whose it was.
        code: the error's name for programs.
        reason: why, for people.
        full: there is no space over there: no use in hurrying.

    Raises:
        LeaseLost: somebody else brings it.
    """
    row = errands.held(work, errand, Delivery)
    now = db_now(work.session)
    row.attempts += 1
    if now - row.created_at > _PATIENCE:
        _give_up(work, row, code, reason)
        return
    backoff = min(_LONGEST_BACKOFF, timedelta(seconds=1) * 2 ** min(row.attempts, 12))
    row.state = "waiting"
    row.next_at = now + (_FULL_EVERY if full else backoff)
    news = row.error_code != code
    row.error_code, row.last_error = code, reason
    errands.let_go(row)
    work.session.add(row)
    if news:
        _tell(work, row)


def not_yet(work: Work, errand: Errand, wait: timedelta) -> None:
    """Puts a delivery off whose turn has not come.

    Raises:
        LeaseLost: somebody else brings it.
    """
    row = errands.held(work, errand, Delivery)
    row.state = "waiting"
    row.next_at = db_now(work.session) + wait
    errands.let_go(row)
    work.session.add(row)


def failed(work: Work, errand: Errand, code: str, reason: str) -> None:
    """Gives a delivery up; the result stays here, and a person may ask for another try.

    Raises:
        LeaseLost: somebody else brings it.
    """
    _give_up(work, errands.held(work, errand, Delivery), code, reason)


def _give_up(work: Work, row: Delivery, code: str, reason: str) -> None:
    row.state = "failed"
    row.next_at = None
    row.error_code, row.last_error = code, reason
    errands.let_go(row)
    _tell(work, row)


def try_again(work: Work, account_id: UUID, job_id: UUID) -> int:
    """Makes what could not be brought due again.

    Returns:
        How many deliveries are tried again.

    Raises:
        NotFound: this account has no such job.
    """
    job = work.session.get(Job, job_id)
    if job is None or job.account_id != account_id:
        raise NotFound("There is no such job.")
    now = db_now(work.session)
    rows = work.session.exec(
        select(Delivery)
        .where(Delivery.job_id == job_id, col(Delivery.state).in_(("failed", "waiting")))
        .with_for_update()
    ).all()
    for row in rows:
        row.state = "waiting"
        row.next_at = row.created_at = now
        row.attempts = 0
        _tell(work, row)
    if rows:
        work.tell(ErrandWanted())
    return len(rows)


def results_under_way(work: Work, job_id: UUID) -> bool:
    """Whether results of a job are still to be brought."""
    statement = select(Delivery.id).where(
        Delivery.job_id == job_id,
        Delivery.what == "result",
        col(Delivery.state).in_(("waiting", "sending")),
    )
    return work.session.exec(statement).first() is not None


def _tell(work: Work, row: Delivery) -> None:
    work.session.add(row)
    if row.account_id is not None:
        work.tell(FoldersChanged(row.account_id))
        if row.job_id is not None:
            work.tell(JobChanged(row.account_id, row.job_id, row.state))
