"""Any process of Creator may be killed at any moment: the job finishes, once, within half a minute."""

import os
import shutil
import signal
import time

import httpx
import psutil
import pytest

from tests.recovery.conftest import WITHIN_S, Victim


def running_job(victim: Victim) -> str:
    """A job that a work-horse works on right now."""
    job_id = victim.submit()
    victim.until(job_id, "running")
    return job_id


@pytest.mark.parametrize("part", ["worker-1", "engine", "web", "clock"])
def test_a_job_survives_the_death_of(part: str, victim: Victim) -> None:
    job_id = running_job(victim)
    os.kill(victim.creator.pid(part), signal.SIGKILL)
    victim.until(job_id, "succeeded")
    victim.check_whole(job_id)


def test_a_job_survives_the_death_of_its_work_horse(victim: Victim) -> None:
    job_id = running_job(victim)
    horses = victim.horses()
    assert horses
    for horse in horses:
        horse.kill()
    victim.until(job_id, "succeeded")
    victim.check_whole(job_id)


def test_a_job_survives_the_death_of_every_worker_and_horse_at_once(victim: Victim) -> None:
    job_id = running_job(victim)
    for process in [*victim.horses(), *(psutil.Process(victim.creator.pid(f"worker-{n}")) for n in (1, 2))]:
        process.kill()
    victim.until(job_id, "succeeded")
    victim.check_whole(job_id)


def test_jobs_survive_a_valkey_that_dies_and_forgets_everything(victim: Victim) -> None:
    running, waiting = running_job(victim), victim.submit()
    os.kill(victim.creator.pid("valkey"), signal.SIGKILL)
    for file in (victim.creator.home / "valkey").glob("append*"):
        shutil.rmtree(file, ignore_errors=True)
    for job_id in (running, waiting):
        victim.until(job_id, "succeeded")
        victim.check_whole(job_id)


def test_a_runner_that_slept_past_its_lease_changes_nothing(victim: Victim) -> None:
    job_id = running_job(victim)
    horses = victim.horses()
    for horse in horses:
        horse.suspend()
    victim.until(job_id, "succeeded")
    events = len(victim.history(job_id))
    for horse in horses:
        if horse.is_running():
            horse.resume()
    time.sleep(2)
    victim.check_whole(job_id)
    assert len(victim.history(job_id)) == events


def test_a_running_job_is_canceled_within_moments(victim: Victim) -> None:
    job_id = running_job(victim)
    assert victim.client.post(f"/api/v1/jobs/{job_id}/cancel").status_code in (200, 202)
    victim.until(job_id, "canceled")
    assert victim.ledger(job_id) == ["hold", "release"]


def test_what_is_not_there_while_the_pages_are_away_is_there_afterwards(victim: Victim) -> None:
    os.kill(victim.creator.pid("web"), signal.SIGKILL)
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        try:
            if victim.client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("the pages did not come back")
