"""Valkey carries nothing that must not be lost: without it jobs are accepted, shown, followed and fetched."""

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.api.stack import Stack, picture, running


def test_the_interface_does_without_valkey(tmp_path: Path) -> None:
    with running(tmp_path) as stack, stack.person() as person:
        stack.valkey._process.kill()  # as a crash would: it says goodbye to nobody
        began = time.monotonic()
        job = stack.submit(person)
        assert time.monotonic() - began < 5
        assert person.get("/api/v1/jobs").json()["items"][0]["id"] == job["id"]
        assert person.get("/readyz").status_code == 503
        assert person.get("/healthz").status_code == 200
        assert _followed(stack, job["id"], person.cookies.jar) == ["queued", "succeeded"]
        assert person.get(f"/api/v1/jobs/{job['id']}/outputs/0").content == picture()


def test_a_valkey_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    with running(tmp_path) as stack, stack.person() as person:
        stack.submit(person)  # its connections are open, which is the harder case
        valkey = stack.valkey._process
        valkey.send_signal(signal.SIGSTOP)
        try:
            took = _timed(lambda: stack.submit(person))
            took += _timed(lambda: person.get("/api/v1/jobs").raise_for_status())
            assert took < 1.5  # both together; without Valkey's waits they take a tenth of it
            for _ in range(3):
                assert _timed(lambda: stack.submit(person)) < 1
            assert len(person.get("/api/v1/jobs").json()["items"]) == 5
        finally:
            valkey.send_signal(signal.SIGCONT)


def _timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _followed(stack: Stack, job_id: str, cookies: object) -> list[str]:
    """The states that a stream tells while the job ends in between."""
    end = threading.Timer(0.5, lambda: stack.finish(job_id, [("a.png", "image/png", picture())]))
    end.start()
    with stack.client() as reader:
        reader.cookies.update(cookies)  # type: ignore[arg-type]
        with reader.stream("GET", f"/api/v1/jobs/{job_id}/events", timeout=20) as answer:
            lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    end.join()
    return [json.loads(line.removeprefix("data: "))["status"] for line in lines]
