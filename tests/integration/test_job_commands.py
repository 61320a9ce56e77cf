"""What operators learn of jobs on the command line."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from creator_app.domain.job_state import JobStatus, Outcome
from creator_app.models import JobAttempt
from creator_app.services import claims, job_record, job_state
from tests.integration.command_line import CommandLine, command_line
from tests.integration.line_world import LineWorld


class Desk:
    """An operator with a line of jobs before them."""

    def __init__(self, run: CommandLine) -> None:
        self.run = run
        self.world = LineWorld.around(run.creator.database)
        self.world.server("gpu-1")

    def submit(self, person: str = "ann") -> UUID:
        return self.world.submit(person)

    def fail(self, job_id: UUID) -> None:
        """Lets a job fail on its second attempt."""
        claim = self._claim()
        with self.run.creator.uow.write() as work:
            now = {"available_at": claim.job.created_at}
            job_state.change(
                work,
                job_id,
                JobStatus.QUEUED,
                fence=claim.fence,
                values=now,
                event="will_retry",
                data={"wait_s": 0},
            )
            claims.end_attempt(
                work, claim.attempt_id, Outcome.LOST, error_kind="server_gone", error_detail="?"
            )
        again = self._claim()
        reason = {
            "error_code": "out_of_memory",
            "error_message": "Too big.",
            "error_detail": "CUDA " + "x " * 90,
        }
        with self.run.creator.uow.write() as work:
            values = {**reason, "finished_at": again.job.started_at}
            job_state.change(work, job_id, JobStatus.FAILED, fence=again.fence, values=values)
            claims.end_attempt(work, again.attempt_id, Outcome.FAILED, error_kind="out_of_memory")

    def _claim(self) -> claims.Claim:
        claim = self.world.claim()
        assert claim is not None
        return claim


@pytest.fixture
def desk(tmp_path: Path, _sqlite_with_tables: Path) -> Iterator[Desk]:
    shutil.copy(_sqlite_with_tables, tmp_path / "creator.db")
    with command_line(tmp_path) as run:
        yield Desk(run)


def test_a_failed_job_is_explained(desk: Desk) -> None:
    job_id = desk.submit()
    desk.fail(job_id)
    shown = desk.run("jobs", "show", str(job_id)).out
    for told in (
        "ann@example.org",
        "gpu-1",
        "http://gpu-1",
        "0 charged",
        "out_of_memory",
        "server_gone",
        "CUDA",
    ):
        assert told in shown
    history = [
        line.split()[1] for line in shown.partition("History")[2].partition("Credits")[0].split("\n")[1:-2]
    ]
    assert history == ["submitted", "claimed", "will_retry", "claimed", "failed"]
    assert "hold" in shown and "release" in shown
    attempts = desk.world.every(JobAttempt)
    assert len(attempts) == 2 and all(f"prompt {one.prompt_id}" in shown for one in attempts)
    assert "None" not in shown and "{" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_programs_get_all_of_it(desk: Desk) -> None:
    job_id = desk.submit()
    desk.fail(job_id)
    told = json.loads(desk.run("jobs", "show", str(job_id), "--json").out)
    assert (told["id"], told["account"], told["status"]) == (str(job_id), "ann@example.org", "failed")
    assert [one["outcome"] for one in told["attempts"]] == ["lost", "failed"]
    assert [one["kind"] for one in told["ledger"]] == ["hold", "release"]
    assert told["history"][-1]["to_status"] == "failed"


def test_the_list_fits_and_says_whose_a_job_is(desk: Desk) -> None:
    job_id = desk.submit()
    listed = desk.run("jobs", "list").out
    assert "ann@example.org" in listed and "queued" in listed and job_record.short(job_id) in listed
    assert max(len(line) for line in listed.splitlines()) <= 80
    assert "Starting" in desk.run("jobs", "list", columns=140).out
    assert json.loads(desk.run("jobs", "list", "--json").out)[0]["account"] == "ann@example.org"
    assert desk.run("jobs", "list", "--status", "failed").out == "There are no such jobs.\n"


def test_a_short_id_will_do(desk: Desk) -> None:
    first, second = desk.submit(), desk.submit()
    assert str(first) in desk.run("jobs", "show", job_record.short(first)).out
    assert str(first) in desk.run("jobs", "show", str(first).upper()).out
    assert "canceled" in desk.run("jobs", "cancel", job_record.short(first)).out
    assert UUID(desk.run("jobs", "retry", job_record.short(first)).out.splitlines()[-1])
    both = desk.run("jobs", "show", str(second)[:4])
    assert both.error and both.error.code == "conflict" and str(second) in both.error.message


@pytest.mark.parametrize(
    ("text", "words"),
    [("123", "not the id of a job"), ("seven", "not the id"), ("deadbeef", "no job"), ("", "id")],
)
def test_an_id_that_is_none_is_said_in_a_sentence(desk: Desk, text: str, words: str) -> None:
    desk.submit()
    for command in ("show", "cancel", "retry"):
        error = desk.run("jobs", command, text).error
        assert error and words in error.message and "jobs list" in error.hint


def test_ids_are_found_in_both_databases(ready_url: str) -> None:
    world = LineWorld(ready_url)
    job_id = world.submit("ann")
    for part in (str(job_id), job_id.hex, job_id.hex[-8:], str(job_id)[:13], str(job_id)[-13:]):
        with world.uow.read() as work:
            assert job_record.find(work, part).id == job_id
    world.close()
