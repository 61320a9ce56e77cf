"""A process dies at each commit boundary while a job runs: nothing is lost, nothing is billed twice."""

import pytest

from creator_app.infrastructure.crash_points import POINTS
from tests.recovery.conftest import Victim


@pytest.mark.parametrize("point", POINTS)
def test_a_job_survives_a_crash_at(point: str, crashing: Victim) -> None:
    crashing.points.mkdir(exist_ok=True)
    (crashing.points / point).touch()
    before = crashing.hits(point)
    job_id = crashing.submit(side=400)
    crashing.until(job_id, "succeeded")
    crashing.check_whole(job_id)
    assert crashing.hits(point) == before + 1
