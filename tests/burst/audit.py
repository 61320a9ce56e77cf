"""Looks at the database and at the Drives at the end, and says which promises were kept."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from PIL import Image, ImageChops, ImageStat
from sqlmodel import select

from creator_app.infrastructure.database import Database, db_now
from creator_app.models import (
    Delivery,
    DropFile,
    DropFolder,
    DropSource,
    Job,
    JobAttempt,
    LedgerEntry,
    Outbox,
    User,
)
from tests.burst.scene import FOLDER, OUTSIDE, Dropped
from tests.chaos.audit import Verdict

#: Of 255: how far a result may be from its source, brought to the same size. Two pictures of one colour, each
#: with noise of its own, are about 18 apart.
_ALIKE: Final = 6.0


@dataclass(frozen=True)
class Rows:
    """What the database says of folders and jobs."""

    jobs: Sequence[Job]
    files: Sequence[DropFile]
    folders: Sequence[DropFolder]
    deliveries: Sequence[Delivery]
    attempts: Sequence[JobAttempt]
    entries: Sequence[LedgerEntry]
    sources: Sequence[DropSource]
    outbox: Sequence[Outbox]
    users: Sequence[User]
    at: datetime


def read(database: Database) -> Rows:
    """Everything that the audit looks at."""
    with database.read() as session:
        return Rows(
            jobs=session.exec(select(Job)).all(),
            files=session.exec(select(DropFile)).all(),
            folders=session.exec(select(DropFolder)).all(),
            deliveries=session.exec(select(Delivery)).all(),
            attempts=session.exec(select(JobAttempt)).all(),
            entries=session.exec(select(LedgerEntry)).all(),
            sources=session.exec(select(DropSource)).all(),
            outbox=session.exec(select(Outbox)).all(),
            users=session.exec(select(User)).all(),
            at=db_now(session),
        )


def is_quiet(rows: Rows) -> bool:
    """Whether nothing is on its way any more."""
    return (
        all(job.status in ("succeeded", "failed", "canceled") for job in rows.jobs)
        and all(file.state != "seen" for file in rows.files)
        and all(one.state in ("done", "failed") for one in rows.deliveries)
        and all(one.state != "waiting" for one in rows.outbox)
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
        Verdict(
            "one hold and one settle for each job, a credit for each good file", list(_ledger(rows, dropped))
        ),
        Verdict("every good file has its one result in Done", list(_results(rows, dropped))),
        Verdict("every result shows the very picture that it belongs to", list(_strangers(rows, dropped))),
        Verdict("every other file has its one note in Needs a look", list(_notes(dropped))),
        Verdict("what was dropped lies where it was dropped", list(_originals(dropped))),
        Verdict("nothing else lies anywhere in a Drive", list(_more(dropped))),
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


def _ledger(rows: Rows, dropped: Sequence[Dropped]) -> Iterable[str]:
    kinds: dict[UUID | None, list[str]] = {}
    for entry in rows.entries:
        kinds.setdefault(entry.job_id, []).append(entry.kind)
    for job in rows.jobs:
        if sorted(kinds.get(job.id, [])) != ["hold", "settle"]:
            yield f"job {job.id}: {kinds.get(job.id)}"
    account = {user.email: user.account_id for user in rows.users}
    spent: Counter[UUID | None] = Counter()
    for entry in rows.entries:
        spent[entry.account_id] -= entry.credits
    price = {job.account_id: job.price_credits for job in rows.jobs}
    for one in dropped:
        of = account[one.person.email]
        if spent[of] != len(one.good) * price.get(of, 0) or not spent[of]:
            yield f"{one.person.email} paid {spent[of]} credits for {len(one.good)} files"


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


def _strangers(rows: Rows, dropped: Sequence[Dropped]) -> Iterable[str]:
    source_of = {str(job.id): job.source_ref for job in rows.jobs}
    file_of = {str(file.id): file.remote_id for file in rows.files}
    for one in dropped:
        for item in _children(one, "Done"):
            file_id = file_of.get(source_of.get(str(item["appProperties"].get("creator_job_id"))) or "")
            if file_id not in one.good:
                yield f"{item['name']} belongs to nothing that {one.person.email} dropped"
                continue
            apart = _apart(one.person.read(file_id), one.person.read(item["id"]))
            if apart > _ALIKE:
                yield f"{item['name']} does not show {one.good[file_id]}: they are {apart:.0f} apart"


def _apart(source: bytes, result: bytes) -> float:
    """How different a result is from the middle square of its source: mean over all points, 0 to 255."""
    with Image.open(io.BytesIO(source)) as before, Image.open(io.BytesIO(result)) as after:
        if after.size != (1080, 1080):
            return 255.0
        side, left = min(before.size), (before.width - min(before.size)) // 2
        middle = before.convert("RGB").crop((left, 0, left + side, side))
        small = after.convert("RGB").resize(middle.size, Image.Resampling.BOX)
        return max(ImageStat.Stat(ImageChops.difference(middle, small)).mean)


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


def _more(dropped: Sequence[Dropped]) -> Iterable[str]:
    # The folders are wanted once each: a second Done would hide results from the other promises.
    top = FOLDER.partition("/")[0]
    for one in dropped:
        own = [f"{top}/", f"{FOLDER}/", f"{FOLDER}/Done/", f"{FOLDER}/Needs a look/", f"{OUTSIDE}/"]
        files = [f"{FOLDER}/{name}" for name in (one.good | one.bad).values()]
        known = Counter(own + files)
        for path, count in Counter(one.person.paths()).items():
            is_ours = path.startswith((own[2], own[3])) and path not in own  # looked at by the other promises
            if not is_ours and count > known[path]:
                yield f"{one.person.email} has {path} ×{count}"


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
        f"attempt {one.id} is {one.state}, slot {one.slot}"
        for one in rows.attempts
        if one.state != "ended" or one.slot is not None
    )
    yield from (f"message {one.kind} is {one.state}" for one in rows.outbox if one.state == "waiting")
    yield from (f"{one.name} is leased" for one in rows.files if one.lease_token)
    yield from (f"delivery {one.id} is leased" for one in rows.deliveries if one.lease_token)
    # A Drive is looked at again and again: its lease may be held, but not by somebody who is dead.
    yield from (
        f"Drive {one.id} is held by nobody since {one.lease_until}"
        for one in rows.sources
        if one.lease_until and one.lease_until < rows.at
    )


def _children(one: Dropped, folder: str) -> list[dict]:
    try:
        return one.person.children(f"{FOLDER}/{folder}")
    except KeyError:
        return []
