"""Where a job stands, when it starts and ends, and why it waits."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from creator_app.models import ComfyServer, Job, JobAttempt
from creator_app.models.base import utcnow
from creator_app.services import job_view, stuck, switches, waiting
from creator_app.services.job_view import JobView
from creator_app.services.unit_of_work import JobChanged
from tests.integration.line_world import LineWorld


class NoSnapshots:
    """Live progress that was lost."""

    def read_many(self, job_ids: list[UUID]) -> list[dict[str, str]]:
        return [{} for _ in job_ids]


@pytest.fixture
def world(ready_url: str) -> Iterator[LineWorld]:
    world = LineWorld(ready_url)
    yield world
    world.close()


def view(world: LineWorld, job_id: UUID) -> JobView:
    with world.uow.read() as work:
        job = work.session.get(Job, job_id)
        assert job is not None
        return job_view.views(work, NoSnapshots(), [job])[0]  # type: ignore[arg-type]


def past_runs(world: LineWorld, seconds: list[float], person: str = "past") -> None:
    for one in seconds:
        world.submit(person)
        world.finish(world.claim(), one)


def test_the_position_is_the_fair_one(world: LineWorld) -> None:
    world.server("only")
    for _ in range(50):
        world.submit("ann")
    running = world.claim()
    bobs = world.submit("bob")
    assert view(world, bobs).progress.queue_position == 0
    assert view(world, world.submit("bob")).progress.queue_position == 2
    assert view(world, world.submit("ann")).progress.queue_position == 49 + 2
    world.finish(running)


def test_start_and_end_are_ranges_out_of_past_runs(world: LineWorld) -> None:
    world.server("only")
    past_runs(world, [10.0] * 8)
    world.submit("ann")
    running = world.claim()
    first, second = world.submit("ann"), world.submit("ann")
    low, high = view(world, first).progress.starts_in or (0, 0)
    assert 9 <= low <= high <= 10
    found = view(world, second)
    low, high = found.progress.starts_in or (0, 0)
    assert 19 <= low <= high <= 20
    low, high = found.progress.ends_in or (0, 0)
    assert 29 <= low <= high <= 30
    assert found.status_sentence == "Waiting: 1 before you, starts in about 20 s"
    assert view(world, first).status_sentence == "Waiting: you are next, starts in about 10 s"
    world.finish(running)


def test_two_servers_halve_the_wait(world: LineWorld) -> None:
    world.server("left"), world.server("right")
    past_runs(world, [10.0] * 8)
    for _ in range(2 + 4):
        world.submit("ann")
    world.claim(), world.claim()
    low, high = view(world, world.submit("ann")).progress.starts_in or (0, 0)
    assert 28 <= low <= high <= 30


def test_nothing_is_promised_that_nobody_knows(world: LineWorld) -> None:
    world.server("only")
    job_id = world.submit("ann")
    world.submit("ann")
    found = view(world, world.submit("ann"))
    assert found.progress.starts_in is None
    assert found.status_sentence == "Waiting: 2 before you"
    assert view(world, job_id).status_sentence == "Starting"


def test_a_cold_start_is_a_part_of_its_own(world: LineWorld) -> None:
    server_id = world.server("only")
    past_runs(world, [10.0] * 8)
    for attempt in world.every(JobAttempt)[:2]:
        world.change(JobAttempt, attempt.id, cold=True, gpu_seconds=42.0)
    world.change(ComfyServer, server_id, warm_recipe_version_id=None)
    found = view(world, world.submit("ann")).progress
    assert found.cold_start_seconds == 32.0
    low, high = found.ends_in or (0, 0)
    assert 40 <= low <= high <= 43
    world.change(ComfyServer, server_id, warm_recipe_version_id=world.version("a"))
    assert view(world, world.submit("bob")).progress.cold_start_seconds is None


def test_waiting_and_running_are_counted_apart(world: LineWorld) -> None:
    world.server("only")
    job_id = world.submit("ann")
    world.claim()
    now = utcnow()
    world.change(
        Job,
        job_id,
        created_at=now - timedelta(seconds=60),
        started_at=now - timedelta(seconds=20),
        finished_at=now,
    )
    found = view(world, job_id)
    assert found.waited_seconds == 40.0
    assert found.ran_seconds == 20.0


def test_each_reason_to_wait_has_its_sentence(world: LineWorld) -> None:
    world.version("a"), world.version("b")
    job_id = world.submit("ann", "b")
    assert _reason(world, job_id) == "no_server"
    left = world.server("left", can=["a"], state="offline")
    assert _reason(world, job_id) == "no_server"
    world.change(ComfyServer, left, state="online")
    assert _reason(world, job_id) == "no_able_server"
    right = world.server("right", can=["b"], state="offline")
    assert _reason(world, job_id) == "server_away"
    world.change(ComfyServer, right, state="online")
    assert _reason(world, job_id) is None
    with world.uow.write() as work:
        switches.turn(work, queue_paused=True)
    assert _reason(world, job_id) == "paused"
    world.change(Job, job_id, waiting_reason="retry", available_at=utcnow() + timedelta(minutes=1))
    assert _reason(world, job_id) == "retry"


def test_open_pages_are_told_when_the_reason_changes_and_only_then(world: LineWorld) -> None:
    server_id = world.server("only", state="offline")
    first, second = world.submit("ann"), world.submit("ann")
    assert _told(world) == {first, second}
    assert _told(world) == set()
    world.change(ComfyServer, server_id, state="online")
    assert _told(world) == {first, second}


def test_no_job_is_stuck_in_health(world: LineWorld) -> None:
    world.server("only")
    world.submit("ann"), world.submit("ann")
    world.claim()
    assert _stuck(world) == []


def test_what_does_not_move_is_listed_with_what_to_look_at(world: LineWorld) -> None:
    world.server("only", slots=2)
    abandoned, forgotten = world.submit("ann"), world.submit("ann")
    claim = world.claim()
    assert claim is not None
    long_ago = utcnow() - timedelta(minutes=5)
    world.change(JobAttempt, claim.attempt_id, lease_expires_at=long_ago)
    world.change(Job, forgotten, available_at=long_ago, created_at=long_ago)
    assert {job_id for job_id, _ in _stuck(world)} == {abandoned, forgotten}
    assert all("does a worker run?" in why for _, why in _stuck(world))


def _reason(world: LineWorld, job_id: UUID) -> str | None:
    found = view(world, job_id)
    if found.waiting_reason:
        assert found.status_sentence.startswith("Waiting")
    return found.waiting_reason


def _told(world: LineWorld) -> set[UUID]:
    world.heard.messages.clear()
    with world.uow.write() as work:
        waiting.explain(work)
    return {message.job_id for message in world.heard.messages if isinstance(message, JobChanged)}


def _stuck(world: LineWorld) -> list[tuple[UUID, str]]:
    with world.uow.read() as work:
        return [(row.job_id, row.why) for row in stuck.find(work)]
