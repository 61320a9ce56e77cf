"""The audit sees every kind of broken promise: it is given rows that break one each."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from creator_app.models import Job, JobAttempt, LedgerEntry
from creator_app.models.base import new_id
from tests.chaos import audit
from tests.chaos.audit import Rows
from tests.chaos.load import Accepted

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def attempt_of(job: Job, began: datetime, ended: datetime | None, outcome: str | None) -> JobAttempt:
    return JobAttempt(
        id=new_id(),
        job_id=job.id,
        number=1,
        server_url="http://127.0.0.1:1",
        prompt_id=str(uuid4()),
        lease_token="t",
        lease_expires_at=(ended or began) + timedelta(seconds=5),
        state="ended" if ended else "running",
        outcome=outcome,
        started_at=began,
        ended_at=ended,
    )


def good() -> tuple[Rows, list[Accepted]]:
    """One job that succeeded at its second attempt, as it should be."""
    job = Job(
        id=new_id(),
        account_id=new_id(),
        user_id=new_id(),
        recipe_version_id=new_id(),
        recipe_slug="x",
        recipe_title="X",
        status="succeeded",
        source="api",
        attempts=2,
    )
    attempts = [
        attempt_of(job, minutes(0), minutes(1), "lost"),
        attempt_of(job, minutes(2), minutes(3), "succeeded"),
    ]
    job.attempt_id = attempts[1].id
    entries = [LedgerEntry(job_id=job.id, kind=kind, credits=0) for kind in ("hold", "settle")]
    accepted = [Accepted(job.id, 0, minutes(0), minutes(0), 1)]
    return Rows([job], attempts, [], entries), accepted


def test_a_good_run_is_found_good() -> None:
    assert audit.sentences(audit.of_database(*good())) == []


def lose(rows: Rows, accepted: list[Accepted]) -> None:
    accepted.append(Accepted(uuid4(), 0, minutes(0), minutes(0), 1))


def double(rows: Rows, accepted: list[Accepted]) -> None:
    accepted.clear()


def never_end(rows: Rows, accepted: list[Accepted]) -> None:
    rows.jobs[0].status = "running"


def fail_early(rows: Rows, accepted: list[Accepted]) -> None:
    rows.jobs[0].status = "failed"


def overlap(rows: Rows, accepted: list[Accepted]) -> None:
    rows.attempts[0].ended_at = rows.attempts[0].lease_expires_at = minutes(2.5)


def commit_twice(rows: Rows, accepted: list[Accepted]) -> None:
    rows.attempts[0].outcome = "succeeded"


def settle_twice(rows: Rows, accepted: list[Accepted]) -> None:
    rows.entries[0].kind = "settle"


def leave_a_slot(rows: Rows, accepted: list[Accepted]) -> None:
    rows.attempts[1].slot = 0


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (lose, "was accepted and is gone"),
        (double, "was never answered for"),
        (never_end, "is still running"),
        (fail_early, "failed after 2 attempt(s)"),
        (overlap, "held leases at once"),
        (commit_twice, "has 2 committed attempt(s)"),
        (settle_twice, "its ledger says: settle, settle"),
        (leave_a_slot, "holds slot 0"),
    ],
)
def test_a_broken_promise_is_told(breaks: Callable[[Rows, list[Accepted]], None], sentence: str) -> None:
    rows, accepted = good()
    breaks(rows, accepted)
    assert any(sentence in found for found in audit.sentences(audit.of_database(rows, accepted)))
