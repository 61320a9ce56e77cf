"""One short transaction, and what must be told once it has committed.

A service writes through `Work.session` and says with `Work.tell` what others should hear. Nothing is
told before the commit; a death between the commit and the telling is covered by the sweeper and by the
pages, which read the database row on every load.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from sqlmodel import Session

from creator_app.infrastructure.database import Database
from creator_app.infrastructure.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True)
class JobChanged:
    """A job's row changed: its pages should read it again."""

    account_id: UUID
    job_id: UUID
    status: str


@dataclass(frozen=True)
class TicketWanted:
    """There may be a job to run: some worker should look."""

    count: int = 1


@dataclass(frozen=True)
class ErrandWanted:
    """There may be a file to fetch or a result to deliver: a courier should look."""


@dataclass(frozen=True)
class FoldersChanged:
    """Something happened in an account's folders: pages that show them should read it again."""

    account_id: UUID


Message = JobChanged | TicketWanted | ErrandWanted | FoldersChanged


class Announcer(Protocol):
    """Brings messages out after a commit. Must not raise for what the sweeper mends."""

    def announce(self, message: Message) -> None:
        """Brings one message out."""


@dataclass
class Work:
    """A transaction under way.

    Attributes:
        session: the database session; services flush, the edge commits.
        messages: what goes out after the commit, in order, each once.
    """

    session: Session
    messages: list[Message] = field(default_factory=list)

    def tell(self, message: Message) -> None:
        """Sends ``message`` once this transaction has committed; never if it fails."""
        if message not in self.messages:
            self.messages.append(message)


class UnitOfWork:
    """Opens transactions and tells what they had to say."""

    def __init__(self, database: Database, announcer: Announcer) -> None:
        self._database = database
        self._announcer = announcer

    @contextmanager
    def read(self) -> Iterator[Work]:
        """A transaction that only reads; what it tells is dropped."""
        with self._database.read() as session:
            yield Work(session)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Work]:
        """A transaction that writes: commits at the end, rolls back on an error, then tells.

        Args:
            durable: the commit outlives a loss of power too; see `Database.write`.
        """
        with self._database.write(durable=durable) as session:
            work = Work(session)
            yield work
        for message in work.messages:
            self._bring_out(message)

    def _bring_out(self, message: Message) -> None:
        # The commit stands whatever happens here: a caller must not take a lost message for a lost job.
        try:
            self._announcer.announce(message)
        except Exception as error:  # noqa: BLE001
            log.warning("message_not_sent", message=type(message).__name__, error=str(error))
