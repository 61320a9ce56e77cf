"""The table of a job's life, every pair of states."""

import itertools

import pytest

from creator_app.domain.job_state import (
    ACTIVE,
    FINAL,
    LEASED,
    JobStatus,
    LedgerKind,
    can_change,
    ledger_effect,
    sources,
)

Q, R, S = JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SAVING
OK, BAD, OFF = JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED
ALLOWED = {
    (Q, R), (Q, BAD), (Q, OFF),
    (R, Q), (R, S), (R, BAD), (R, OFF),
    (S, Q), (S, OK), (S, BAD),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), itertools.product(JobStatus, JobStatus))
def test_a_change_is_allowed_exactly_where_the_table_says(before: JobStatus, after: JobStatus) -> None:
    assert can_change(before, after) == ((before, after) in ALLOWED)


@pytest.mark.parametrize("final", sorted(FINAL))
def test_final_states_have_no_way_out(final: JobStatus) -> None:
    assert not any(can_change(final, after) for after in JobStatus)


@pytest.mark.parametrize("after", list(JobStatus))
def test_sources_are_the_table_read_backwards(after: JobStatus) -> None:
    assert sources(after) == {before for before, target in ALLOWED if target == after}


def test_success_is_reached_through_saving_only() -> None:
    assert sources(OK) == {S}


def test_credits_are_settled_on_success_and_released_on_every_other_end() -> None:
    assert {state: ledger_effect(state) for state in JobStatus} == {
        Q: None,
        R: None,
        S: None,
        OK: LedgerKind.SETTLE,
        BAD: LedgerKind.RELEASE,
        OFF: LedgerKind.RELEASE,
    }


def test_every_state_is_either_active_or_final() -> None:
    assert frozenset(JobStatus) == ACTIVE | FINAL
    assert not ACTIVE & FINAL
    assert LEASED <= ACTIVE
