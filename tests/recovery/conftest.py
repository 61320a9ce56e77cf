"""A Creator to be hurt, and jobs that take long enough to be hurt in the middle."""

import io
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

from creator_app.infrastructure.crash_points import POINTS
from tests.peers.creator import RunningCreator, start_creator

WITHIN_S = 30.0
FINAL = ("succeeded", "failed", "canceled")


@dataclass
class Victim:
    """A running Creator, and how a program uses it."""

    creator: RunningCreator
    client: httpx.Client
    points: Path

    def submit(self, side: int = 1500) -> str:
        """Hands in a picture of ``side`` squared, again when the answer is lost; gives the job's id."""
        key = uuid.uuid4().hex
        deadline = time.monotonic() + WITHIN_S
        while True:
            try:
                answer = self.client.post(
                    "/api/v1/jobs",
                    headers={"Idempotency-Key": key},
                    data={"recipe": "upscale-2x"},
                    files={"image": ("picture.png", picture(side), "image/png")},
                )
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the pages did not come back"
                time.sleep(0.2)
                continue
            assert answer.status_code == 202, answer.text
            return str(answer.json()["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as the REST API tells it; waits for pages that are coming back."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            try:
                answer = self.client.get(f"/api/v1/jobs/{job_id}")
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the pages did not come back"
                time.sleep(0.2)
                continue
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

    def until(self, job_id: str, *statuses: str, within_s: float = WITHIN_S) -> dict[str, Any]:
        """Waits for the job to be in one of ``statuses``."""
        deadline = time.monotonic() + within_s
        while (job := self.job(job_id))["status"] not in statuses:
            assert job["status"] not in FINAL, job
            assert time.monotonic() < deadline, f"still {job['status']}: {self.history(job_id)}"
            time.sleep(0.05)
        return job

    def horses(self) -> list[psutil.Process]:
        """The work-horses that run now."""
        return [
            horse
            for name in ("worker-1", "worker-2")
            for horse in psutil.Process(self.creator.pid(name)).children(recursive=True)
        ]

    def history(self, job_id: str) -> list[tuple[Any, ...]]:
        """The job's events, in order."""
        return self._ask("SELECT kind, data FROM job_event WHERE job_id = ? ORDER BY id", job_id)

    def ledger(self, job_id: str) -> list[str]:
        """The kinds of the job's ledger entries."""
        rows = self._ask("SELECT kind FROM ledger_entry WHERE job_id = ? ORDER BY created_at", job_id)
        return [row[0] for row in rows]

    def hits(self, point: str) -> int:
        """How often a process died at a crash point."""
        log = self.points / "hits.log"
        return sum(line.split()[0] == point for line in log.read_text().splitlines()) if log.exists() else 0

    def check_whole(self, job_id: str) -> None:
        """A finished job has one good result and was charged once."""
        job = self.job(job_id)
        assert job["status"] == "succeeded", job
        assert len(job["outputs"]) == 1
        assert self.client.get(job["outputs"][0]["url"]).status_code == 200
        assert self.ledger(job_id) == ["hold", "settle"]

    def _ask(self, query: str, job_id: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.creator.home / "creator.db", timeout=10)
        try:
            return connection.execute(query, (uuid.UUID(job_id).hex,)).fetchall()
        finally:
            connection.close()


@lru_cache(maxsize=8)
def picture(side: int) -> bytes:
    """A picture of soft noise."""
    small = np.random.default_rng(side).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(
        buffer, "PNG", compress_level=1
    )
    return buffer.getvalue()


def _victim(home: Path, **settings: str) -> Iterator[Victim]:
    points = home / "crash"
    with start_creator(home, CRASH_POINTS_DIR=str(points), **settings) as creator:
        made = creator.command("user", "add", "ann@example.org", "--api-key", "--json")
        assert made.returncode == 0, made.stderr
        key = json.loads(made.stdout)["api_key"]
        with httpx.Client(
            base_url=creator.url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        ) as client:
            yield Victim(creator, client, points)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A Creator as `make run` starts it, with default settings."""
    yield from _victim(tmp_path_factory.mktemp("victim"))


@pytest.fixture(scope="module")
def crashing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A Creator with short leases, for many crashes in little time; prints how often each point was hit."""
    for victim in _victim(tmp_path_factory.mktemp("crashing"), LEASE_SECONDS="3", SWEEP_SECONDS="1"):
        yield victim
        print("\ncrash point              hits")
        for point in POINTS:
            print(f"{point:24} {victim.hits(point):4}")
