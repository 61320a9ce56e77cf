"""A short chaos run: sixty jobs, every kind of fault and every crash point once."""

from pathlib import Path

import pytest

from tests.chaos.plan import make_plan
from tests.chaos.run import SHORT, run

#: Fixed, so that a failure can be repeated; `make chaos` draws another one each time.
SEED = 20261


@pytest.mark.timeout(240)
def test_no_job_is_lost_or_doubled_whatever_dies(tmp_path: Path) -> None:
    report = run(tmp_path, SEED, SHORT)
    print(f"\nSEED={SEED}\n{report.text}")
    assert not report.broken, "\n".join([*report.broken, report.text])


def test_the_same_seed_gives_the_same_faults() -> None:
    assert make_plan(7, 500) == make_plan(7, 500)
    assert make_plan(7, 500) != make_plan(8, 500)
