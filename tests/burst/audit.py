"""Looks at the database and at the Drives at the end, and says which promises were kept."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from PIL import Image
from sqlmodel import select

from creator_app.infrastructure.database import Database
from creator_app.models import Delivery, DropFile, DropFolder, Job, JobAttempt, LedgerEntry
from tests.burst.scene import FOLDER, Dropped
from tests.chaos.audit import Verdict


@dataclass(frozen=True)
class Rows:
    """What the database says of folders and jobs."""

    jobs: Sequence[Job]
    files: Sequence[DropFile]
    folders: Sequence[DropFolder]
    deliveries: Sequence[Delivery]
    attempts: Sequence[JobAttempt]
    entries: Sequence[LedgerEntry]


def read(database: Database) -> Rows:
    """Everything that the audit looks at."""
    with database.read() as session:
        return Rows(
            *(
                session.exec(select(model)).all()
                for model in (Job, DropFile, DropFolder, Delivery, JobAttempt, LedgerEntry)
            )
        )


def is_quiet(rows: Rows) -> bool:
    """Whether nothing is on its way any more."""
    return (
        all(job.status in ("succeeded", "failed", "canceled") for job in rows.jobs)
        and all(file.state != "seen" for file in rows.files)
        and all(one.state in ("done", "failed") for one in rows.deliveries)
    )


def verdicts(rows: Rows, dropped: Sequence[Dropped]) -> list[Verdict]:
    """The promises, and what speaks against each."""
    return [
        Verdict("every good file is one job, and nothing else is", list(_jobs(rows, dropped))),
        Verdict(
            "every job succeeded",
            [
                f"job {one.id} is {one.status}: {one.error_message}"
                for one in rows.jobs
                if one.status != "succeeded"
            ],
        ),
        Verdict("one hold and one settle for each job", list(_ledger(rows))),
        Verdict("every good file has its one result in Done", list(_results(rows, dropped))),
        Verdict("every other file has its one note in Needs a look", list(_notes(dropped))),
        Verdict("what was dropped lies where it was dropped", list(_originals(dropped))),
        Verdict("nothing is left waiting, leased or running", list(_left(rows))),
    ]


def _jobs(rows: Rows, dropped: Sequence[Dropped]) -> Iterable[str]:
    by_file = {str(file.id): file.remote_id for file in rows.files}
    made = Counter(by_file.get(job.source_ref or "", f"no file ({job.id})") for job in rows.jobs)
    wanted = {file_id: name for one in dropped for file_id, name in one.good.items()}
    yield from (
        f"{name} became {made[file_id]} jobs" for file_id, name in wanted.items() if made[file_id] != 1
    )
    yield from (
        f"{made[file_id]} job(s) of {file_id}, which is no good file"
        for file_id in made
        if file_id not in wanted
    )


def _ledger(rows: Rows) -> Iterable[str]:
    kinds: dict[UUID | None, list[str]] = {}
    for entry in rows.entries:
        kinds.setdefault(entry.job_id, []).append(entry.kind)
    for job in rows.jobs:
        if sorted(kinds.get(job.id, [])) != ["hold", "settle"]:
            yield f"job {job.id}: {kinds.get(job.id)}"


def _results(rows: Rows, dropped: Sequence[Dropped]) -> Iterable[str]:
    source_of = {str(job.id): job.source_ref for job in rows.jobs}
    file_of = {str(file.id): file.remote_id for file in rows.files}
    for one in dropped:
        there = _children(one, "Done")
        results = Counter(
            file_of.get(source_of.get(str(item["appProperties"].get("creator_job_id")), "")) for item in there
        )
        for file_id, name in one.good.items():
            if results.pop(file_id, 0) != 1:
                yield f"{name} of {one.person.email} has not one result"
        yield from (f"{count} result(s) of nothing ({source})" for source, count in results.items())
        for item in there:
            with Image.open(io.BytesIO(one.person.read(item["id"]))) as picture:
                picture.load()
                if picture.size != (1080, 1080):
                    yield f"{item['name']} is {picture.size}"


def _notes(dropped: Sequence[Dropped]) -> Iterable[str]:
    for one in dropped:
        found = sorted(item["name"] for item in _children(one, "Needs a look"))
        wanted = sorted(f"{name}.txt" for name in one.bad.values())
        if found != wanted:
            yield f"notes of {one.person.email}: {found}, wanted {wanted}"


def _originals(dropped: Sequence[Dropped]) -> Iterable[str]:
    for one in dropped:
        there = {item["id"] for item in one.person.children(FOLDER)}
        yield from (
            f"{name} is gone" for file_id, name in (one.good | one.bad).items() if file_id not in there
        )


def _left(rows: Rows) -> Iterable[str]:
    yield from (
        f"{file.name} is still {file.state}: {file.reason}" for file in rows.files if file.state == "seen"
    )
    yield from (
        f"delivery {one.id} is {one.state}: {one.last_error}"
        for one in rows.deliveries
        if one.state != "done"
    )
    yield from (
        f"attempt {one.id} is {one.state}" for one in rows.attempts if one.state != "ended" or one.slot
    )


def _children(one: Dropped, folder: str) -> list[dict]:
    try:
        return one.person.children(f"{FOLDER}/{folder}")
    except KeyError:
        return []
