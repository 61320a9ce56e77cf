"""The life of a job, as a table.

``queued → running → saving → succeeded | failed | canceled``. Final states have no way out: a retry by a
person is a new job, an automatic one is a new attempt of the same job (``running → queued``).

This module is pure: no database, no clock. The only code that writes ``job.status`` is
``creator_app.services.job_state``; it asks here whether a change is allowed.
"""

from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    SAVING = "saving"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class LedgerKind(StrEnum):
    """What a ledger entry does to an account's credits."""

    GRANT = "grant"
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"
    REFUND = "refund"


class Outcome(StrEnum):
    """How one attempt at a job ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    LOST = "lost"
    SUPERSEDED = "superseded"


FINAL: Final = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED})
ACTIVE: Final = frozenset(JobStatus) - FINAL
#: A runner holds a lease on the job in these states.
LEASED: Final = frozenset({JobStatus.RUNNING, JobStatus.SAVING})

_ALLOWED: Final[dict[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.FAILED, JobStatus.CANCELED}),
    JobStatus.RUNNING: frozenset({JobStatus.QUEUED, JobStatus.SAVING, JobStatus.FAILED, JobStatus.CANCELED}),
    # What was finished is kept: a cancel that comes while the result is being saved comes too late.
    JobStatus.SAVING: frozenset({JobStatus.QUEUED, JobStatus.SUCCEEDED, JobStatus.FAILED}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELED: frozenset(),
}

_LEDGER: Final[dict[JobStatus, LedgerKind]] = {
    JobStatus.SUCCEEDED: LedgerKind.SETTLE,
    JobStatus.FAILED: LedgerKind.RELEASE,
    JobStatus.CANCELED: LedgerKind.RELEASE,
}


def can_change(before: JobStatus, after: JobStatus) -> bool:
    """Whether a job in state ``before`` may become ``after``."""
    return after in _ALLOWED[before]


def sources(after: JobStatus) -> frozenset[JobStatus]:
    """The states from which ``after`` can be reached in one step."""
    return frozenset(before for before, allowed in _ALLOWED.items() if after in allowed)


def ledger_effect(after: JobStatus) -> LedgerKind | None:
    """What reaching ``after`` does to the credits held at submit; ``None`` leaves them held."""
    return _LEDGER.get(after)
