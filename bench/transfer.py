"""One big file to and from S3 and Google Drive: throughput against a plain client, and memory.

The floor is what somebody writes in ten lines: minio's ``fput_object`` and ``get_object``; httpx, which sends
the file in one request and reads it in one answer. It compares no sums, and begins anew after a break.
The servers run on this machine, so that the network costs nothing: both are about processors and memory.
Creator's own limits on calls of Google are left out: ten calls a second for each person, 8 MiB each.
"""

import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench.lab import Lab
from bench.table import say, show
from bench.transfer_child import Task, task_text
from tests.peers.drive import DriveServer
from tests.peers.drive.people import Person
from tests.peers.s3 import running_s3

_MB = 1_000_000
_LIMIT_S = 300
Result = tuple[float, float]


def measure(lab: Lab, runs: int = 3, megabytes: int = 1000) -> None:
    """Carries the file each way, by Creator and by the plain client in turn, and prints the table.

    Args:
        lab: nothing else may run in it meanwhile.
        runs: of each.
        megabytes: the file's size.
    """
    lab.down()
    say(f"transfer: {megabytes} MB four ways, {runs} times each by Creator and by a plain client")
    with tempfile.TemporaryDirectory(prefix="creator-bench-file-") as folder:
        source = Path(folder, "big.bin")
        md5 = _write(source, megabytes * _MB)
        file = Task("", True, "", megabytes * _MB, str(source), "big.bin", md5)
        rows = [*_with_s3(file, runs, Path(folder, "s3")), *_with_drive(file, runs)]
    show(
        f"(k) a file of {megabytes} MB, {runs} runs (aim ≥ 0.5 of the floor, memory < 100 MiB)",
        ["", "MB/s", "floor MB/s", "ratio", "grew MiB", "floor grew"],
        rows,
    )


def _with_s3(file: Task, runs: int, folder: Path) -> list[list[str | float]]:
    folder.mkdir()
    with running_s3(folder) as server:
        file = replace(file, address=f"{server}/transfer?secure=0")
        # The way there comes first: it is what makes the file that then comes back.
        return [_row(replace(file, way=way), runs) for way in ("to S3", "from S3")]


def _with_drive(file: Task, runs: int) -> list[list[str | float]]:
    with DriveServer() as drive:
        person = drive.user("ann@example.com")
        token = person.grant(["drive"]).access
        file = replace(file, address=drive.url, token=token, folder=person.folder("Done"))
        there = _row(replace(file, way="to Drive"), runs, person)
        big = person.drop_generated("Done", "generated.bin", file.size)
        return [there, _row(replace(file, way="from Drive", name=big), runs)]


def _row(task: Task, runs: int, person: Person | None = None) -> list[str | float]:
    ours: list[Result] = []
    floor: list[Result] = []
    for _ in range(runs):
        for by, results in ((True, ours), (False, floor)):
            results.append(_carried(replace(task, ours=by)))
            if person is not None:  # what arrived would fill the disk
                for one in person.children("Done"):
                    person.delete(one["id"])
    speed, floor_speed = (_speed(task, results) for results in (ours, floor))
    grew, floor_grew = (max(growth for _, growth in results) for results in (ours, floor))
    return [task.way, speed, floor_speed, speed / floor_speed, grew, floor_grew]


def _carried(task: Task) -> Result:
    """Seconds, and the growth in MiB, of one transfer in a process of its own."""
    command = [sys.executable, "-m", "bench.transfer_child", task_text(task)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
    assert done.returncode == 0, f"the file did not get {task.way}: {done.stderr[-500:]}"
    told = json.loads(done.stdout.splitlines()[-1])
    return told["seconds"], told["growth"]


def _speed(task: Task, results: list[Result]) -> float:
    return task.size / _MB / statistics.median(seconds for seconds, _ in results)


def _write(path: Path, size: int) -> str:
    """Fills a file with noise; its md5."""
    noise, digest, left = random.Random(1), hashlib.md5(usedforsecurity=False), size
    with path.open("wb") as file:
        while left:
            piece = noise.randbytes(min(_MB, left))
            file.write(piece)
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()
