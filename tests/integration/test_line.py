"""Who is next: fairness, limits, abilities, slots, switches. Each test runs on both databases."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from creator_app.errors import InvalidInput, NotFound
from creator_app.infrastructure.database import db_now
from creator_app.models import ComfyServer, Job, JobAttempt
from creator_app.models.base import new_id, utcnow
from creator_app.repositories.line import next_job, parameters
from creator_app.services import claims, servers, shares, switches
from creator_app.services.admission import IntakePaused, NoServerCan, QueueFull
from creator_app.services.claims import MAX_TAKEOVERS
from tests.integration.line_world import LineWorld

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(ready_url: str) -> Iterator[LineWorld]:
    world = LineWorld(ready_url)
    yield world
    world.close()


def test_one_job_behind_another_ones_hundred_is_next(world: LineWorld) -> None:
    world.server("only")
    for _ in range(100):
        world.submit("ann")
    running = world.claim()
    world.submit("bob")
    world.finish(running)
    assert world.serve(2) == ["bob", "ann"]


def test_a_weight_of_two_gets_twice_as_much(world: LineWorld) -> None:
    world.server("only")
    world.person("ann", weight=2.0)
    for _ in range(30):
        world.submit("ann")
        world.submit("bob")
    served = Counter(world.serve(30))
    assert 19 <= served["ann"] <= 21
    assert served["ann"] + served["bob"] == 30


def test_who_was_away_saves_nothing_up(world: LineWorld) -> None:
    world.server("only")
    world.person("bob")
    for _ in range(40):
        world.submit("ann")
    world.serve(20)
    for _ in range(10):
        world.submit("bob")
    assert Counter(world.serve(10)) == {"ann": 5, "bob": 5}


def test_own_jobs_go_by_priority_then_by_age(world: LineWorld) -> None:
    world.server("only")
    jobs = [world.submit("ann", priority=priority) for priority in (0, 5, -1, 0)]
    started = []
    for _ in jobs:
        claim = world.claim()
        assert claim is not None
        started.append(claim.job.id)
        world.finish(claim)
    assert started == [jobs[2], jobs[0], jobs[3], jobs[1]]


def test_a_limit_on_running_jobs_leaves_slots_to_others(world: LineWorld) -> None:
    world.server("only", slots=4)
    world.person("ann", max_running=1)
    for _ in range(3):
        world.submit("ann")
    world.submit("bob")
    first, second, third = world.claim(), world.claim(), world.claim()
    assert {world.whose(first), world.whose(second)} == {"ann", "bob"}
    assert third is None
    world.finish(first if world.whose(first) == "ann" else second)
    assert world.whose(world.claim()) == "ann"


def test_a_full_queue_refuses_and_nobody_elses(world: LineWorld) -> None:
    world.person("ann", max_queued=2)
    world.submit("ann")
    world.submit("ann")
    with pytest.raises(QueueFull, match="2 jobs waiting"):
        world.submit("ann")
    world.submit("bob")
    assert len(world.every(Job)) == 3


def test_an_operator_sets_what_somebody_may_have(world: LineWorld) -> None:
    world.person("ann")
    with world.uow.write() as work:
        shares.set_share(work, "Ann@example.org", weight=2.5, max_running=1, max_queued=7)
    with world.uow.write() as work:
        account = shares.set_share(work, "ann@example.org", max_queued=0)
    assert (account.weight, account.max_running, account.max_queued) == (2.5, 1, None)
    with world.uow.write() as work, pytest.raises(InvalidInput):
        shares.set_share(work, "ann@example.org", weight=0)
    with world.uow.write() as work, pytest.raises(NotFound):
        shares.set_share(work, "nobody@example.org", weight=1)


def test_paused_intake_refuses_and_goes_on(world: LineWorld) -> None:
    world.server("only")
    world.submit("ann")
    with world.uow.write() as work:
        switches.turn(work, intake_paused=True)
    with pytest.raises(IntakePaused):
        world.submit("ann")
    assert world.serve(1) == ["ann"]


def test_a_paused_queue_starts_nothing_but_takes_over(world: LineWorld) -> None:
    world.server("only", slots=2)
    world.submit("ann")
    running = world.claim()
    assert running is not None
    world.submit("ann")
    with world.uow.write() as work:
        switches.turn(work, queue_paused=True)
    assert world.claim() is None
    world.expire(running)
    taken = world.claim()
    assert taken is not None
    assert taken.taken_over
    with world.uow.write() as work:
        switches.turn(work, queue_paused=False)
    assert world.claim() is not None


def test_a_job_goes_only_to_a_server_that_can(world: LineWorld) -> None:
    world.version("a"), world.version("b")
    world.server("left", can=["a"], slots=3)
    world.server("right", can=["b"], slots=3)
    for recipe in ("b", "a", "b"):
        world.submit("ann", recipe)
    found = sorted((claim.job.recipe_slug, world.where(claim)) for claim in _claims(world, 3))
    assert found == [("a", "left"), ("b", "right"), ("b", "right")]


def test_nothing_is_accepted_that_no_server_could_ever_run(world: LineWorld) -> None:
    world.version("a"), world.version("b")
    left = world.server("left", can=["a"])
    with pytest.raises(NoServerCan):
        world.submit("ann", "b")
    world.submit("ann", "a")
    # One that nobody has looked at yet may be able.
    world.change(ComfyServer, left, state="offline")
    with world.uow.write() as work:
        work.session.add(ComfyServer(url="http://new"))
    world.submit("ann", "b")


def test_a_job_that_no_free_server_can_run_holds_up_nobody(world: LineWorld) -> None:
    world.version("a"), world.version("b")
    world.server("left", can=["a"])
    world.server("right", can=["b"], state="offline")
    world.submit("ann", "b")
    world.submit("ann", "a")
    world.submit("bob", "b")
    claim = world.claim()
    assert world.where(claim) == "left"
    assert claim is not None and claim.job.recipe_slug == "a"


def test_the_server_with_the_models_loaded_gets_the_job(world: LineWorld) -> None:
    world.version("a"), world.version("b")
    world.server("cold", can=["a", "b"], warm_recipe_version_id=world.version("b"))
    world.server("warm", can=["a", "b"], warm_recipe_version_id=world.version("a"))
    world.submit("ann", "a")
    claim = world.claim()
    assert world.where(claim) == "warm"
    assert not world.every(JobAttempt)[0].cold


def test_a_warm_job_goes_first_until_another_has_waited_long(world: LineWorld) -> None:
    world.version("a"), world.version("b")
    world.server("only", can=["a", "b"], warm_recipe_version_id=world.version("b"))
    older = world.submit("ann", "a")
    newer = world.submit("ann", "b")
    claim = world.claim()
    assert claim is not None and claim.job.id == newer
    world.finish(claim)
    world.submit("ann", "b")
    world.change(Job, older, created_at=utcnow() - timedelta(minutes=2))
    claim = world.claim()
    assert claim is not None and claim.job.id == older
    assert next(one for one in world.every(JobAttempt) if one.job_id == older).cold


def test_a_slot_is_held_until_the_result_is_being_saved(world: LineWorld) -> None:
    world.server("only", slots=2)
    for _ in range(4):
        world.submit("ann")
    first, second = world.claim(), world.claim()
    assert world.claim() is None
    assert sorted(one.slot for one in world.every(JobAttempt)) == [0, 1]
    assert first is not None and second is not None
    with world.uow.write() as work:
        claims.begin_saving(work, first.fence)
    assert world.claim() is not None
    assert world.claim() is None


def test_the_database_gives_a_slot_to_one_attempt_only(world: LineWorld) -> None:
    server_id = world.server("only", slots=2)
    world.submit("ann")
    job_id = world.submit("ann")
    assert world.claim() is not None
    twin = JobAttempt(
        job_id=job_id,
        number=1,
        server_id=server_id,
        server_url="http://only",
        prompt_id=str(new_id()),
        lease_token="x",
        lease_expires_at=utcnow(),
        slot=0,
    )
    with pytest.raises(sa.exc.IntegrityError), world.uow.write() as work:
        work.session.add(twin)


def test_more_memory_is_waited_for(world: LineWorld) -> None:
    world.server("small", memory_bytes=8)
    world.submit("ann", more_memory_than=8)
    assert world.claim() is None
    world.server("big", memory_bytes=16)
    assert world.where(world.claim()) == "big"


def test_a_job_over_which_every_runner_dies_fails_at_last(world: LineWorld) -> None:
    world.server("only")
    job_id = world.submit("ann")
    claim = world.claim()
    for _ in range(MAX_TAKEOVERS):
        assert claim is not None
        world.expire(claim)
        claim = world.claim()
        assert claim is not None and claim.taken_over
    world.expire(claim)
    assert world.claim() is None
    job = world.job(job_id)
    assert job.status == "failed"
    assert "again and again" in (job.error_message or "")
    assert world.every(JobAttempt)[0].slot is None


def test_four_processes_claim_each_job_once(world: LineWorld, ready_url: str) -> None:
    world.server("left", slots=40)
    world.server("right", slots=40)
    submitted = {str(world.submit(person)) for _ in range(20) for person in ("ann", "bob", "cy")}
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.claimer", ready_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
    everything = [job_id for claimed in won for job_id in claimed]
    assert sorted(everything) == sorted(submitted)
    assert sum(bool(claimed) for claimed in won) > 1, "one process alone is no race"
    places = Counter((one.server_id, one.slot) for one in world.every(JobAttempt))
    assert max(places.values()) == 1


def test_finding_the_next_job_reads_no_table(world: LineWorld) -> None:
    world.server("only")
    for person in ("ann", "bob"):
        world.submit(person)
    plan = _plan(world, database_rows=20_000)
    assert "ix_job_line" in plan
    assert "Seq Scan on job" not in plan, plan
    scans = [line for line in plan.splitlines() if "SCAN job" in line]
    assert all("USING INDEX ix_job_line" in line for line in scans), plan
    # Within an account it jumps to the next recipe, without walking through what waits for this one.
    assert "(account_id=? AND recipe_version_id>?)" in plan or "recipe_version_id > job_" in plan, plan


def _claims(world: LineWorld, number: int) -> list[claims.Claim]:
    found = [world.claim() for _ in range(number)]
    return [claim for claim in found if claim is not None]


def _plan(world: LineWorld, database_rows: int) -> str:
    """How the database would find the next job, with so many waiting."""
    with world.uow.write() as work:
        template = world.every(Job)[0].model_dump()
        rows = [template | {"id": new_id(), "created_at": utcnow()} for _ in range(database_rows)]
        work.session.execute(sa.insert(Job), rows)
    with world.uow.write() as work:
        work.session.execute(sa.text("ANALYZE"))
    with world.uow.read() as work:
        now = db_now(work.session)
        free = claims.free_servers(servers.free(work))
        query = next_job().params(parameters(0.0, now, now, free))
        compiled = query.compile(
            work.session.get_bind(), compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        explain = "EXPLAIN QUERY PLAN" if world.database.is_sqlite else "EXPLAIN"
        lines = work.session.connection().exec_driver_sql(f"{explain} {compiled}")
        return "\n".join(" ".join(str(cell) for cell in line) for line in lines)
