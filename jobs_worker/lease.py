"""Keeps a runner's lease alive, and notices when it is lost or when the job is to be canceled.

A thread of the process that does the work renews the lease: if that process stops, so does the renewing,
whatever its parent does.
"""

import threading
from datetime import timedelta
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from creator_app.bootstrap import Creator
from creator_app.infrastructure.logging import get_logger
from creator_app.models import Job
from creator_app.services import claims
from creator_app.services.job_state import Fence

log = get_logger(__name__)

_LOOK_EVERY_S = 0.5


class LeaseKeeper:
    """Renews a lease from a thread while its ``with`` block runs.

    Attributes:
        lost: set once the lease can't be renewed any more: stop, and write nothing.
        cancel: set once somebody asked for the job to be canceled.
    """

    def __init__(self, creator: Creator, fence: Fence, lease: timedelta) -> None:
        self.lost = threading.Event()
        self.cancel = threading.Event()
        self._creator = creator
        self._fence = fence
        self._lease = lease
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join(timeout=5)

    def should_stop(self) -> bool:
        """Whether the runner should stop following its prompt."""
        return self.lost.is_set() or self.cancel.is_set()

    def _keep(self) -> None:
        renew_every = max(1, int(self._lease.total_seconds() / 3 / _LOOK_EVERY_S))
        tick = 0
        while not self._done.wait(_LOOK_EVERY_S):
            tick += 1
            try:
                if tick % renew_every == 0 and not self._renew():
                    self.lost.set()
                    return
                if self._cancel_requested():
                    self.cancel.set()
            except SQLAlchemyError as error:
                # The database is away or busy: the lease may still hold, the next tick tries again.
                log.warning("lease_not_renewed", error=str(error.__class__.__name__))

    def _renew(self) -> bool:
        with self._creator.uow.write() as work:
            return claims.renew(work, self._fence, self._lease)

    def _cancel_requested(self) -> bool:
        with self._creator.uow.read() as work:
            statement = select(Job.cancel_requested_at).where(col(Job.id) == self._fence.job_id)
            return work.session.exec(statement).first() is not None
