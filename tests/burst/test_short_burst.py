"""Thirty files dropped at once into three Drives, while calls fail, changes get lost and processes die."""

from pathlib import Path

import pytest

from tests.burst.run import SHORT, run

#: Fixed, so that a failure can be repeated; `python -m tests.burst` draws another one each time.
SEED = 20261


@pytest.mark.timeout(300)
def test_every_dropped_file_comes_back_once_whatever_goes_wrong(tmp_path: Path) -> None:
    report = run(tmp_path, SEED, SHORT)
    print(f"\nSEED={SEED}\n{report.text}")
    assert not report.broken, "\n".join([*report.broken, report.text])
