"""A runner with real engines: what it learns, whom it blames, and where it tries again."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select, update

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import (
    Account,
    ComfyServer,
    Job,
    JobAttempt,
    LedgerEntry,
    NodeTiming,
    Recipe,
    RecipeVersion,
    ServerAbility,
    User,
)
from creator_app.models.base import new_id
from creator_app.services import abilities, claims, jobs
from creator_app.services.recipes import PreparedJob
from jobs_worker.runner import Runner, run_next
from jobs_worker.server_watch import ServerWatch
from tests.engine.conftest import EngineProcess

MANIFEST = {
    "slug": "probe",
    "title": "Probe",
    "description": "A probe.",
    "inputs": [{"name": "words", "label": "Words", "type": "text"}],
    "outputs": [{"node": "9", "label": "Picture"}],
}
EMPTY = {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 7}}
SAVE = {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}}


def failing(message: str) -> dict[str, Any]:
    probe = {"class_type": "ProbeFail", "inputs": {"image": ["1", 0], "message": message}}
    return {"1": EMPTY, "2": probe, "9": SAVE}


class Pool:
    """A Creator with two engines, and jobs of a workflow of one's own."""

    def __init__(self, creator: Creator, engines: list[EngineProcess]) -> None:
        self.creator = creator
        self.engines = engines
        creator.settings.comfyui_servers = [engine.url for engine in engines]
        self.watch = ServerWatch(creator)
        self.watch.look()

    def submit(self, workflow: dict[str, Any]) -> UUID:
        with self.creator.uow.write() as work:
            account, recipe = Account(), Recipe(slug=f"probe-{new_id()}", title="Probe")
            work.session.add_all([account, recipe])
            work.session.flush()
            user = User(account_id=account.id, email=f"{account.id}@example.org")
            version = RecipeVersion(recipe_id=recipe.id, hash="0" * 64, manifest=MANIFEST, workflow=workflow)
            work.session.add_all([user, version])
            work.session.flush()
            abilities.judge(work, version)
            prepared = PreparedJob(version.id, recipe.slug, "Probe", {}, 1)
            job, _ = jobs.submit(work, account_id=account.id, user_id=user.id, recipe=prepared, source="api")
        return job.id

    def run(self) -> bool:
        """Runs the next job, one that waits for a retry as well."""
        with self.creator.uow.write() as work:
            work.session.exec(update(Job).values(available_at=Job.created_at))
        return run_next(self.creator)

    def job(self, job_id: UUID) -> Job:
        with self.creator.uow.read() as work:
            job = work.session.get(Job, job_id)
            assert job is not None
            return job

    def every(self, model: Any) -> list[Any]:
        with self.creator.uow.read() as work:
            return list(work.session.exec(select(model)))

    def server(self, url: str) -> ComfyServer:
        return next(row for row in self.every(ComfyServer) if row.url == url)

    def change(self, url: str, **values: Any) -> None:
        with self.creator.uow.write() as work:
            work.session.exec(update(ComfyServer).where(ComfyServer.url == url).values(**values))


@pytest.fixture
def pool(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Pool]:
    creator = Creator(Settings(database_url=sqlite_url, redis_url=redis_url, creator_home=tmp_path))
    upgrade(sqlite_url)
    engines = [EngineProcess(tmp_path / name, "--probe-nodes") for name in ("left", "right")]
    yield Pool(creator, engines)
    for engine in engines:
        engine.process.kill()
        engine.process.wait()
    creator.database.close()


def test_a_run_teaches_how_long_its_nodes_take(pool: Pool) -> None:
    steps = {"class_type": "ProbeSteps", "inputs": {"image": ["1", 0], "steps": 4, "step_ms": 50}}
    steps["inputs"] |= {"preview": False, "seed": 1}
    job_id = pool.submit({"1": EMPTY, "2": steps, "9": SAVE})
    assert pool.run()
    assert pool.job(job_id).status == "succeeded"
    seconds = {row.node_class: row.seconds for row in pool.every(NodeTiming)}
    assert 0.15 < seconds["ProbeSteps"] < 1
    assert seconds["ProbeSteps"] > 3 * seconds["EmptyImage"]
    attempt = pool.every(JobAttempt)[0]
    assert (attempt.server_kind, attempt.slot, attempt.cold) == ("cpu", None, True)


def test_out_of_memory_is_tried_once_more_where_there_is_more(pool: Pool) -> None:
    small, big = (engine.url for engine in pool.engines)
    pool.change(big, memory_bytes=2**50, state="offline")
    job_id = pool.submit(failing("CUDA out of memory. Tried to allocate 20.00 GiB"))
    pool.run()
    job = pool.job(job_id)
    assert (job.status, job.waiting_reason) == ("queued", "retry")
    assert job.more_memory_than == pool.server(small).memory_bytes
    assert not pool.run(), "the small one is free, but has not more"
    pool.change(big, state="online")
    pool.run()
    job = pool.job(job_id)
    assert (job.status, job.error_code) == ("failed", "out_of_memory")
    assert [row.server_url for row in pool.every(JobAttempt)] == [small, big]
    assert [row.kind for row in pool.every(LedgerEntry)] == ["hold", "release"]


def test_out_of_memory_fails_at_once_where_nobody_has_more(pool: Pool) -> None:
    job_id = pool.submit(failing("CUDA out of memory"))
    pool.run()
    assert pool.job(job_id).status == "failed"
    assert not any(row.failures for row in pool.every(ComfyServer)), "a big picture is not the server's fault"


def test_a_broken_device_is_put_into_quarantine_and_the_others_go_on(pool: Pool) -> None:
    broken, well = (engine.url for engine in pool.engines)
    pool.change(well, state="draining")
    for _ in range(3):
        pool.submit(failing("CUDA error: device-side assert triggered"))
        pool.run()
    assert pool.server(broken).state == "quarantined"
    assert "device-side assert" in (pool.server(broken).last_error or "")
    pool.change(well, state="online")
    job_id = pool.submit({"1": EMPTY, "2": EMPTY, "9": SAVE})
    while pool.job(job_id).status == "queued":
        assert pool.run()
    assert pool.job(job_id).status == "succeeded"


@pytest.mark.parametrize(
    "trouble", ["CUDA error: device-side assert triggered", "cannot identify image file"]
)
def test_a_canceled_job_is_not_tried_again_whatever_happens_to_it(pool: Pool, trouble: str) -> None:
    job_id = pool.submit(failing(trouble))
    with pool.creator.uow.write() as work:
        claim = claims.claim_next(work, timedelta(seconds=10))
        work.session.exec(update(Job).values(cancel_requested_at=Job.created_at))
    assert claim is not None
    Runner(pool.creator, claim).run()
    job = pool.job(job_id)
    assert (job.status, job.waiting_reason) == ("canceled", None) and job.finished_at
    assert [row.kind for row in pool.every(LedgerEntry)] == ["hold", "release"]
    assert [(row.state, row.outcome) for row in pool.every(JobAttempt)] == [("ended", "canceled")]


def test_a_bad_picture_is_nobodys_fault_but_its_own(pool: Pool) -> None:
    job_id = pool.submit(failing("cannot identify image file"))
    pool.run()
    job = pool.job(job_id)
    assert (job.status, job.attempts, job.error_code) == ("failed", 1, "bad_input")
    assert not any(row.failures for row in pool.every(ComfyServer))


def test_a_dead_servers_job_moves_to_another_one(pool: Pool) -> None:
    job_id = pool.submit({"1": EMPTY, "2": EMPTY, "9": SAVE})
    pool.engines[0].process.kill()
    pool.engines[0].process.wait()
    while pool.job(job_id).status == "queued":
        assert pool.run()
    assert pool.job(job_id).status == "succeeded"
    dead, alive = (engine.url for engine in pool.engines)
    assert [row.server_url for row in pool.every(JobAttempt)] == [dead, alive]
    assert pool.server(dead).state == "offline"


def test_what_a_server_lacks_after_all_is_found_elsewhere(pool: Pool, tmp_path: Path) -> None:
    """Its list promised a node that is gone since: the refusal corrects the list, and the job moves on."""
    plain = EngineProcess(tmp_path / "plain")
    try:
        left = pool.engines[0].url
        with pool.creator.uow.write() as work:
            row = ComfyServer(url=plain.url, state="online", created_at=pool.server(left).created_at)
            work.session.add(row)
            work.session.flush()
            plain_id = row.id
        pool.change(left, state="draining")
        job_id = pool.submit({"1": EMPTY, "2": _block(), "9": SAVE})
        version_id = pool.job(job_id).recipe_version_id
        with pool.creator.uow.write() as work:
            work.session.add(ServerAbility(server_id=plain_id, recipe_version_id=version_id, able=True))
        pool.run()
        assert pool.job(job_id).status == "queued"
        pool.run()
        assert pool.job(job_id).status == "succeeded"
        assert [row.server_url for row in pool.every(JobAttempt)] == [plain.url, pool.engines[1].url]
        refused = next(row for row in pool.every(ServerAbility) if row.server_id == plain_id)
        assert not refused.able
    finally:
        plain.end()


def _block() -> dict[str, Any]:
    return {"class_type": "ProbeBlock", "inputs": {"image": ["1", 0], "ms": 1, "seed": 1}}
