"""The courier dies at every step of a dropped file's way: one job, one result, nothing forgotten."""

import re
import time
from pathlib import Path

from creator_app.infrastructure.crash_points import FOLDER_POINTS
from tests.recovery.conftest import Victim, picture

WITHIN_S = 90.0


def test_a_dropped_file_survives_a_crash_at_each_step(crashing: Victim) -> None:
    folder = crashing.creator.home / "drop" / "square-post"
    _until(folder.is_dir, "the watched folder was not made")
    crashing.points.mkdir(exist_ok=True)
    before = {point: crashing.hits(point) for point in FOLDER_POINTS}
    for point in FOLDER_POINTS:
        (crashing.points / point).touch()
    names = [f"drop {number}" for number in range(len(FOLDER_POINTS))]
    for number, name in enumerate(names):
        (folder / f"{name}.png").write_bytes(picture(300 + number))
    wanted = [f"{name}-square-post" for name in names]
    _until(lambda: _results(folder) == wanted, "not every result came back")
    assert {point: crashing.hits(point) - before[point] for point in FOLDER_POINTS} == dict.fromkeys(
        FOLDER_POINTS, 1
    )
    mine = [job for job in _jobs(crashing) if job["source"] == "folder"]
    assert sorted(job["inputs"]["image"]["filename"] for job in mine) == [f"{name}.png" for name in names]
    for job in mine:
        crashing.check_whole(job["id"])
    time.sleep(3)  # nothing comes twice a moment later
    assert _results(folder) == wanted
    assert _names(folder / "Needs a look") == []


def _jobs(victim: Victim) -> list[dict]:
    return victim.client.get("/api/v1/jobs", params={"limit": 100}).json()["items"]


def _results(folder: Path) -> list[str]:
    """Who died while a name was being kept may leave it kept: then the result is called "…-2"."""
    return sorted(re.sub(r"(-2)?\.png$", "", name) for name in _names(folder / "Done"))


def _names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))


def _until(ready, what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not ready():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
