"""Files in drop folders: each is written down before anything acts on it, and taken once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from creator_app.domain.drops import Dropped
from creator_app.infrastructure.database import db_now
from creator_app.integrations.drop_folders import DropEntry, EntryKind
from creator_app.models import Delivery, DropFile, DropFolder, Job
from creator_app.models.base import new_id
from creator_app.repositories.drops import DropFileRepository
from creator_app.services import deliveries, errands
from creator_app.services.errands import Errand
from creator_app.services.unit_of_work import ErrandWanted, FoldersChanged, Work

_LONGEST_BACKOFF: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class Found:
    """Something that lies in a drop folder.

    Attributes:
        entry: what the place says of it.
        path: names of the folders between the drop folder and it.
        dropped_at: when it got there, if the place says so.
    """

    entry: DropEntry
    path: tuple[str, ...] = ()
    dropped_at: datetime | None = None


def record(work: Work, folder: DropFolder, found: Sequence[Found], rest: timedelta) -> int:
    """Writes down what was found; what is known already stays as it is.

    Args:
        work: a writing transaction; its caller holds the lease of the folder's source.
        folder: in which it was found.
        found: what lies there; what we wrote ourselves is passed over.
        rest: how long a new file must look the same before it is taken.

    Returns:
        How many rows were written or changed.
    """
    mine = _our_own(work, folder.account_id, [one.entry.id for one in found])
    candidates = {one.entry.id: one for one in found if not one.entry.ours and one.entry.id not in mine}
    known = DropFileRepository(work.session).known(folder.id, candidates)
    now = db_now(work.session)
    written = 0
    for remote_id, one in candidates.items():
        rows = known.get(remote_id, [])
        waiting = next((row for row in rows if row.state == "seen"), None)
        if waiting is not None:
            written += _look_again(work, waiting, one, now, rest)
        elif not any(row.version == one.entry.version for row in rows):
            _write_down(work, folder, one, now, rest)
            written += 1
    if written:
        folder.last_activity_at = now
        work.session.add(folder)
        work.tell(ErrandWanted())
        work.tell(FoldersChanged(folder.account_id))
    work.session.flush()
    return written


def _our_own(work: Work, account_id: UUID, remote_ids: Sequence[str]) -> set[str]:
    """Ids of what we delivered: a result that a person moves into a drop folder is no input either."""
    ours: set[str] = set()
    for start in range(0, len(remote_ids), 400):
        statement = select(Delivery.remote_id).where(
            Delivery.account_id == account_id,
            Delivery.what != "source",
            col(Delivery.remote_id).in_(remote_ids[start : start + 400]),
        )
        ours.update(one for one in work.session.exec(statement) if one)
    return ours


def look_of(entry: DropEntry) -> str:
    """What changes while a file is still arriving."""
    return f"{entry.kind}|{entry.size}|{entry.version}"


def _write_down(work: Work, folder: DropFolder, one: Found, now: datetime, rest: timedelta) -> None:
    row = DropFile(
        id=new_id(),
        folder_id=folder.id,
        account_id=folder.account_id,
        remote_id=one.entry.id,
        name=one.entry.name,
        state="seen",
        rested_since=now,
        seen_at=now,
        dropped_at=min(one.dropped_at, now) if one.dropped_at else now,
        next_at=now + rest,
    )
    _describe(row, one)
    work.session.add(row)


def _look_again(work: Work, row: DropFile, one: Found, now: datetime, rest: timedelta) -> int:
    changed = look_of(one.entry) != row.last_look
    if not changed and row.name == one.entry.name and list(one.path) == row.path:
        return 0
    if changed:
        row.rested_since = now
        row.grew = True
        row.next_at = now + rest
    _describe(row, one)
    work.session.add(row)
    return 1


def _describe(row: DropFile, one: Found) -> None:
    entry = one.entry
    row.name = entry.name
    row.path = list(one.path)
    row.version = entry.version
    row.content_id = entry.content_id or entry.id
    row.size = entry.size
    row.md5 = entry.md5
    row.content_type = entry.content_type
    row.url = entry.url
    row.last_look = look_of(entry)


def as_dropped(row: DropFile, entry: DropEntry) -> Dropped:
    """What the rules ask for."""
    return Dropped(
        name=entry.name,
        kind=entry.kind.value if isinstance(entry.kind, EntryKind) else str(entry.kind),
        size=entry.size,
        version=entry.version,
        content_type=entry.content_type,
        rested_since=row.rested_since,
        grew=row.grew,
        seen_at=row.seen_at,
    )


def claim(work: Work, limit: int, per_account: int, lease: timedelta = errands.LEASE) -> list[Errand]:
    """Files whose turn has come, for this courier alone; no account gets more than its share."""
    due = DropFileRepository(work.session).due(db_now(work.session), limit, per_account)
    return errands.lend(work, due, lease)


def changed(work: Work, errand: Errand, one: Found, rest: timedelta) -> None:
    """Notes that a file looks different than before: it waits until it rests.

    Raises:
        LeaseLost: somebody else works on it.
    """
    row = errands.held(work, errand, DropFile)
    _look_again(work, row, one, db_now(work.session), rest)
    errands.let_go(row)
    work.session.add(row)


def waits(work: Work, errand: Errand, reason: str, until: datetime | timedelta) -> None:
    """Lets a file wait, and says why.

    Raises:
        LeaseLost: somebody else works on it.
    """
    row = errands.held(work, errand, DropFile)
    _wait(work, row, reason, until)


def try_later(work: Work, errand: Errand, reason: str) -> None:
    """Lets a file wait after something failed, longer each time.

    Raises:
        LeaseLost: somebody else works on it.
    """
    row = errands.held(work, errand, DropFile)
    row.attempts += 1
    _wait(work, row, reason, min(_LONGEST_BACKOFF, timedelta(seconds=1) * 2 ** min(row.attempts, 12)))


def _wait(work: Work, row: DropFile, reason: str, until: datetime | timedelta) -> None:
    if row.reason != reason:
        work.tell(FoldersChanged(row.account_id))
    row.reason = reason
    row.next_at = db_now(work.session) + until if isinstance(until, timedelta) else until
    errands.let_go(row)
    work.session.add(row)


def passed(work: Work, errand: Errand, reason: str) -> None:
    """Notes that nothing is to be done with a file.

    Raises:
        LeaseLost: somebody else works on it.
    """
    _close(work, errands.held(work, errand, DropFile), "passed", reason)


def forgotten(work: Work, errand: Errand) -> None:
    """Takes a row back that stood for nothing: the file is gone before it was whole, or known already.

    Raises:
        LeaseLost: somebody else works on it.
    """
    row = errands.held(work, errand, DropFile)
    work.tell(FoldersChanged(row.account_id))
    work.session.delete(row)


def noted(work: Work, errand: Errand, message: str, hint: str) -> None:
    """Tells the person by a note why a file was not taken; once per file and content.

    Raises:
        LeaseLost: somebody else works on it.
    """
    row = errands.held(work, errand, DropFile)
    _close(work, row, "noted", message)
    folder = work.session.get(DropFolder, row.folder_id)
    if folder is not None:
        deliveries.plan_note(work, folder, row, message, hint)


def taken(work: Work, errand: Errand, job: Job, sha256: str) -> None:
    """Notes that a file became a job, in the very transaction that accepts the job.

    Raises:
        LeaseLost: somebody else works on it.
    """
    row = errands.held(work, errand, DropFile)
    row.job_id = job.id
    row.sha256 = sha256
    row.taken_at = db_now(work.session)
    _close(work, row, "taken", None)


def same_as_before(work: Work, row: DropFile, sha256: str) -> bool:
    """Whether this very file was taken with this very content before: somebody only touched it."""
    statement = select(DropFile.id).where(
        DropFile.folder_id == row.folder_id,
        DropFile.remote_id == row.remote_id,
        DropFile.state == "taken",
        DropFile.sha256 == sha256,
        DropFile.id != row.id,
    )
    return work.session.exec(statement).first() is not None


def _close(work: Work, row: DropFile, state: str, reason: str | None) -> None:
    row.state = state
    row.reason = reason
    row.next_at = None
    errands.let_go(row)
    work.session.add(row)
    work.tell(FoldersChanged(row.account_id))
