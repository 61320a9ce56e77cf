"""A job that somebody canceled ends as canceled: no worker's death and no server's trouble brings it back."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from creator_app.models import Job, JobAttempt, LedgerEntry
from creator_app.models.base import utcnow
from creator_app.services import claims, sweeper
from creator_app.services.claims import MAX_TAKEOVERS
from tests.integration.line_world import LineWorld


@pytest.fixture
def world(ready_url: str) -> Iterator[LineWorld]:
    world = LineWorld(ready_url)
    world.server("only")
    yield world
    world.close()


def ended(world: LineWorld, job_id: UUID) -> bool:
    job = world.job(job_id)
    paid_back = [row.kind for row in world.every(LedgerEntry)] == ["hold", "release"]
    return job.status == "canceled" and job.finished_at is not None and paid_back


def test_one_that_waits_all_the_same_is_never_started_and_the_sweeper_ends_it(world: LineWorld) -> None:
    job_id = world.submit("ann", cancel_requested_at=utcnow(), waiting_reason="retry")
    assert world.claim() is None
    with world.uow.write() as work:
        sweeper.sweep(work)
    assert ended(world, job_id)
    others = world.submit("ann")
    with world.uow.write() as work:
        sweeper.sweep(work)
    assert world.job(others).status == "queued"


def test_one_whose_worker_died_before_it_was_sent_is_not_sent_any_more(world: LineWorld) -> None:
    job_id = world.submit("ann")
    claim = world.claim()
    assert claim is not None
    world.change(Job, job_id, cancel_requested_at=utcnow())
    world.expire(claim)
    assert world.claim() is None
    assert ended(world, job_id)
    assert [(row.state, row.slot) for row in world.every(JobAttempt)] == [("ended", None)]


def test_one_that_a_server_knows_is_taken_over_to_be_stopped_there(world: LineWorld) -> None:
    job_id = world.submit("ann")
    claim = world.claim()
    assert claim is not None
    world.change(Job, job_id, cancel_requested_at=utcnow())
    world.change(JobAttempt, claim.attempt_id, posted_at=utcnow())
    world.expire(claim)
    again = world.claim()
    assert again is not None and again.taken_over


@pytest.mark.parametrize("saving", [False, True])
def test_one_over_which_runners_die_is_canceled_not_failed(world: LineWorld, saving: bool) -> None:
    job_id = world.submit("ann")
    claim = world.claim()
    assert claim is not None
    if saving:
        with world.uow.write() as work:
            claims.begin_saving(work, claim.fence)
    world.change(Job, job_id, cancel_requested_at=utcnow())
    world.change(JobAttempt, claim.attempt_id, posted_at=utcnow(), takeovers=MAX_TAKEOVERS)
    world.expire(claim)
    assert world.claim() is None
    assert ended(world, job_id)
