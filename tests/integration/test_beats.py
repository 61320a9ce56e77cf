"""Which processes work, and what a job says of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from creator_app.models import Beat, ComfyServer, Job
from creator_app.models.base import utcnow
from creator_app.services import beats, job_view, stuck, waiting
from creator_app.services.job_view import JobView
from tests.integration.line_world import LineWorld


class Snapshots:
    """Live progress as a worker left it."""

    def __init__(self, **fields: str) -> None:
        self.fields = fields

    def read_many(self, job_ids: list[UUID]) -> list[dict[str, str]]:
        return [dict(self.fields) for _ in job_ids]


@pytest.fixture
def world(ready_url: str) -> Iterator[LineWorld]:
    world = LineWorld(ready_url)
    yield world
    world.close()


def workers(world: LineWorld, number: int, seen_at: datetime | None = None) -> None:
    with world.uow.write() as work:
        for n in range(number):
            work.session.merge(Beat(name=f"there:{n}", part="worker", seen_at=seen_at or utcnow()))


def view(world: LineWorld, job_id: UUID, **snapshot: str) -> JobView:
    with world.uow.read() as work:
        job = work.session.get(Job, job_id)
        assert job is not None
        return job_view.views(work, Snapshots(**snapshot), [job])[0]  # type: ignore[arg-type]


def past_runs(world: LineWorld, seconds: float) -> None:
    for _ in range(8):
        world.submit("past")
        world.finish(world.claim(), seconds)


def test_who_beats_is_alive_and_who_was_silent_is_not(world: LineWorld) -> None:
    with world.uow.write() as work:
        assert beats.workers(work) is None
        beats.beat(work, "worker")
        beats.beat(work, "worker")
        assert beats.workers(work) == 1
    workers(world, 3, utcnow() - beats.SILENT * 2)
    with world.uow.read() as work:
        assert beats.workers(work) == 1
        assert sorted(one.alive for one in beats.last(work)) == [False, False, False, True]
    workers(world, 3, utcnow() - timedelta(days=1))
    with world.uow.write() as work:
        beats.beat(work, "worker")
        work.session.flush()
        assert len(beats.last(work)) == 1


def test_without_a_worker_a_job_says_so(world: LineWorld) -> None:
    world.server("only")
    job_id = world.submit("ann")
    workers(world, 2, utcnow() - beats.SILENT * 2)
    found = view(world, job_id)
    assert (found.waiting_reason, found.progress.starts_in) == ("no_worker", None)
    assert found.status_sentence.startswith("Waiting: nobody takes jobs")
    workers(world, 2)
    assert view(world, job_id).waiting_reason is None


def test_a_slot_without_a_worker_starts_nothing_and_a_busy_worker_is_no_alarm(world: LineWorld) -> None:
    for name in ("one", "two", "three"):
        world.server(name)
    past_runs(world, 60.0)
    workers(world, 2)
    running = [world.submit("ann"), world.submit("ann")]
    assert world.claim() and world.claim() and len(running) == 2
    waiting_job = world.submit("bob")
    starts = view(world, waiting_job).progress.starts_in
    assert starts is not None and starts[0] > 20, "two workers are busy, whatever the third server does"
    long_ago = utcnow() - timedelta(minutes=5)
    world.change(Job, waiting_job, available_at=long_ago, created_at=long_ago)
    with world.uow.read() as work:
        assert stuck.find(work) == []
    workers(world, 2, utcnow() - beats.SILENT * 2)
    with world.uow.read() as work:
        assert [row.why for row in stuck.find(work)] == ["no worker answers"]


def test_the_own_limit_is_a_reason_and_part_of_the_forecast(world: LineWorld) -> None:
    for name in ("one", "two", "three"):
        world.server(name)
    past_runs(world, 60.0)
    world.person("ann", max_running=1)
    world.submit("ann")
    assert world.claim() is not None
    second, third = world.submit("ann"), world.submit("ann")
    assert world.claim() is None
    found = view(world, second)
    assert found.waiting_reason == "limit"
    assert found.status_sentence == "Waiting: as many of your jobs are running as may run at a time"
    assert found.progress.starts_in is not None and found.progress.starts_in[0] > 20
    later = view(world, third).progress.starts_in
    assert later is not None and later[0] > found.progress.starts_in[1]
    with world.uow.write() as work:
        waiting.explain(work)
    assert view(world, second).waiting_reason == "limit"


def test_drained_servers_are_not_called_silent(world: LineWorld) -> None:
    server = world.server("only")
    job_id = world.submit("ann")
    world.change(ComfyServer, server, state="draining")
    assert view(world, job_id).waiting_reason == "draining"
    world.change(ComfyServer, server, state="offline")
    assert view(world, job_id).waiting_reason == "no_server"


def test_the_silence_of_a_worker_itself_is_noticed(world: LineWorld) -> None:
    world.server("only")
    job_id = world.submit("ann")
    world.claim()
    long_ago = (utcnow() - timedelta(minutes=2)).isoformat(timespec="seconds")
    now = utcnow().isoformat(timespec="seconds")
    assert view(world, job_id, heard_at=now).progress.quiet_since is None
    quiet = view(world, job_id, heard_at=long_ago).progress.quiet_since
    assert quiet is not None and quiet.isoformat() == long_ago
