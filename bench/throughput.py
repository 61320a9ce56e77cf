"""Jobs a second of next to no work, with 1, 2 and 4 workers, and what a job waits behind a long queue.

The floor is the engine alone: the same prompts sent to it one after the other by a bare script.
"""

import io
import statistics
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from bench.lab import Lab
from bench.overhead import bare, picture, through_creator
from bench.stack import Stack, find_stack
from bench.table import part, say, show
from tests.peers.creator import RunningCreator

WORKERS = (1, 2, 4)
SLUG = "bench-tiny"
FOLDER = Path(__file__).parent / "tiny"
WITHIN_S = 120.0


def measure_rate(lab: Lab, runs: int = 60) -> None:
    """Lets ``runs`` tiny jobs wait, then starts the line and takes the time; prints the table."""
    rows: list[list[str | float | None]] = []
    for workers in WORKERS:
        creator = lab.fresh(WORKERS=str(workers))
        with _ready(creator) as (stack, client):
            if not rows:
                rows.append(["the engine alone (floor)", _engine_rate(stack, runs), 1.0])
            say(f"rate: {runs} tiny jobs, {workers} workers")
            rate = _rate(creator, client, runs)
        rows.append([f"Creator, {workers} workers", rate, rate / float(rows[0][1] or 1)])
    lab.down()
    show(f"(e) tiny jobs a second, {runs} waiting, one engine", ["", "jobs/s", "× floor"], rows)


def measure_queued(lab: Lab, runs: int = 15, waiting: int = 60) -> None:
    """One person's jobs while another one's queue is long; prints the table."""
    creator = lab.up()
    with _ready(creator) as (stack, crowd):
        workflow, load_node = stack.workflow("square-post")
        alone = {"Authorization": f"Bearer {find_stack(lab.home).api_key}"}
        floor, ours = [], []
        say(f"queued: {runs} jobs of one person, {waiting} of another one waiting")
        with (
            httpx.Client(base_url=stack.url, headers=alone, timeout=60) as client,
            httpx.Client(base_url=stack.engine, timeout=60) as engine,
        ):
            for run in range(runs):
                floor.append(1000 * bare(engine, stack.engine, workflow, load_node, picture(50_000 + run)))
            for run in range(runs):
                _top_up(crowd, waiting)
                ours.append(1000 * through_creator(client, picture(60_000 + run)))
        _cancel_all(crowd)
    base = statistics.median(floor)
    rows: list[list[str | float | None]] = [
        [name, statistics.median(values), part(values, 0.95), statistics.median(values) / base]
        for name, values in (("bare script, idle (floor)", floor), ("Creator, behind a queue", ours))
    ]
    rows.append(["added", float(rows[1][1] or 0) - base, None, None])
    title = f"(g) a job while {waiting} of somebody else wait: square-post, 1024×1024, {runs} runs"
    show(title, ["", "median ms", "p95 ms", "× floor"], rows)


@contextmanager
def _ready(creator: RunningCreator) -> Iterator[tuple[Stack, httpx.Client]]:
    """The Creator with the tiny recipe, and a client of somebody who may use it."""
    creator.command("recipe", "import", str(FOLDER)).check_returncode()
    stack = find_stack(creator.home)
    key = {"Authorization": f"Bearer {stack.api_key}"}
    with httpx.Client(base_url=stack.url, headers=key, timeout=60) as client:
        yield stack, client


def _rate(creator: RunningCreator, client: httpx.Client, jobs: int) -> float:
    _switch(creator, "pause")
    for _ in range(jobs):
        _submit(client)
    _switch(creator, "resume")
    began = time.perf_counter()
    while left := _active(client):
        if time.perf_counter() - began > WITHIN_S:
            raise AssertionError(f"{left} jobs did not end within {WITHIN_S:.0f} s")
        time.sleep(0.05)
    return jobs / (time.perf_counter() - began)


def _engine_rate(stack: Stack, jobs: int) -> float:
    prompt = {
        "1": {"class_type": "LoadImage", "inputs": {"image": ""}},
        "2": {
            "class_type": "ImageScale",
            "inputs": {
                "image": ["1", 0],
                "upscale_method": "bilinear",
                "width": 32,
                "height": 24,
                "crop": "disabled",
            },
        },
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "tiny"}},
    }
    with httpx.Client(base_url=stack.engine, timeout=60) as engine:
        began = time.perf_counter()
        for _ in range(jobs):
            bare(engine, stack.engine, prompt, "1", _tiny())
        return jobs / (time.perf_counter() - began)


def _switch(creator: RunningCreator, word: str) -> None:
    done: subprocess.CompletedProcess[str] = creator.command("queue", word)
    done.check_returncode()


def _submit(client: httpx.Client) -> None:
    files = {"image": ("tiny.png", _tiny(), "image/png")}
    client.post("/api/v1/jobs", data={"recipe": SLUG}, files=files).raise_for_status()


def _active(client: httpx.Client) -> int:
    return len(client.get("/api/v1/jobs", params={"status": "active", "limit": 100}).json()["items"])


def _top_up(client: httpx.Client, waiting: int) -> None:
    for _ in range(waiting - _active(client)):
        _submit(client)


def _cancel_all(client: httpx.Client) -> None:
    for job in client.get("/api/v1/jobs", params={"status": "queued", "limit": 100}).json()["items"]:
        client.post(f"/api/v1/jobs/{job['id']}/cancel")


def _tiny() -> bytes:
    """A 64×48 PNG that was never there before."""
    pixels = np.random.default_rng(uuid.uuid4().int % 2**63).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
