"""Reads the database at the end and says which promises were kept."""

import io
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final
from uuid import UUID

import httpx
from PIL import Image
from sqlmodel import Session, select

from creator_app.domain.job_state import FINAL, JobStatus, LedgerKind, Outcome
from creator_app.domain.retries import MAX_ATTEMPTS
from creator_app.infrastructure.database import Database
from creator_app.models import Job, JobAttempt, JobEvent, LedgerEntry
from creator_app.services.claims import MAX_TAKEOVERS
from tests.chaos.load import Accepted

_SHOWN: Final = 5
_QUIET_WITHIN_S: Final = 20.0


@dataclass(frozen=True)
class Rows:
    """The database, as it was read at the end."""

    jobs: Sequence[Job]
    attempts: Sequence[JobAttempt]
    events: Sequence[JobEvent]
    entries: Sequence[LedgerEntry]


@dataclass(frozen=True)
class Verdict:
    """A rule, and what speaks against it (nothing, if it was kept)."""

    rule: str
    broken: Sequence[str]


def read(url: str) -> Rows:
    """Reads everything that the audit looks at."""
    database = Database(url)
    try:
        with database.read() as session:
            return _rows(session)
    finally:
        database.close()


def _rows(session: Session) -> Rows:
    return Rows(
        jobs=session.exec(select(Job)).all(),
        attempts=session.exec(select(JobAttempt)).all(),
        events=session.exec(select(JobEvent)).all(),
        entries=session.exec(select(LedgerEntry)).all(),
    )


def of_database(rows: Rows, accepted: Sequence[Accepted]) -> list[Verdict]:
    """The rules that the rows alone can show."""
    return [
        Verdict("every accepted job is there, none twice", list(_lost_or_doubled(rows, accepted))),
        Verdict("every job is in a final state", list(_not_final(rows))),
        Verdict("no job failed before its tries were used up", list(_failed_early(rows))),
        Verdict("the leases of a job's attempts never overlap", list(_overlaps(rows))),
        Verdict("one committed attempt per succeeded job, none for others", list(_commits(rows))),
        Verdict("one hold, and one settle or release per job", list(_ledger(rows))),
        Verdict("no attempt and no slot is left over", list(_left_over(rows))),
    ]


def _lost_or_doubled(rows: Rows, accepted: Sequence[Accepted]) -> Iterable[str]:
    there, promised = {job.id for job in rows.jobs}, Counter(one.job_id for one in accepted)
    yield from (f"job {job_id} was accepted and is gone" for job_id in promised if job_id not in there)
    yield from (f"job {job_id} was never answered for" for job_id in there if job_id not in promised)
    yield from (f"{count} submissions became job {job_id}" for job_id, count in promised.items() if count > 1)


def _not_final(rows: Rows) -> Iterable[str]:
    for job in rows.jobs:
        if JobStatus(job.status) not in FINAL:
            yield f"job {job.id} is still {job.status} ({job.waiting_reason or 'no reason given'})"


def _failed_early(rows: Rows) -> Iterable[str]:
    takeovers: dict[UUID | None, int] = {attempt.id: attempt.takeovers for attempt in rows.attempts}
    for job in rows.jobs:
        tried = job.attempts >= MAX_ATTEMPTS or takeovers.get(job.attempt_id, 0) >= MAX_TAKEOVERS
        if job.status == JobStatus.FAILED and not tried:
            yield f"job {job.id} failed after {job.attempts} attempt(s): {job.error_code}, {job.error_detail}"


def _overlaps(rows: Rows) -> Iterable[str]:
    for job_id, attempts in _by_job(rows.attempts).items():
        in_order = sorted(attempts, key=lambda attempt: attempt.started_at)
        for before, after in pairwise(in_order):
            if _lease_end(before) > after.started_at:
                yield f"attempts {before.number} and {after.number} of job {job_id} held leases at once"


def _lease_end(attempt: JobAttempt) -> datetime:
    ended = attempt.ended_at
    return attempt.lease_expires_at if ended is None else min(ended, attempt.lease_expires_at)


def _commits(rows: Rows) -> Iterable[str]:
    committed = Counter(one.job_id for one in rows.attempts if one.outcome == Outcome.SUCCEEDED)
    outcome = {attempt.id: attempt.outcome for attempt in rows.attempts}
    for job in rows.jobs:
        wanted = 1 if job.status == JobStatus.SUCCEEDED else 0
        if committed[job.id] != wanted:
            yield f"job {job.id} is {job.status} and has {committed[job.id]} committed attempt(s)"
        if wanted and (job.attempt_id is None or outcome.get(job.attempt_id) != Outcome.SUCCEEDED):
            yield f"job {job.id} names an attempt that did not succeed"


def _ledger(rows: Rows) -> Iterable[str]:
    kinds: dict[UUID | None, list[str]] = defaultdict(list)
    for entry in rows.entries:
        kinds[entry.job_id].append(entry.kind)
    for job in rows.jobs:
        end = LedgerKind.SETTLE if job.status == JobStatus.SUCCEEDED else LedgerKind.RELEASE
        wanted = [LedgerKind.HOLD] + ([end] if JobStatus(job.status) in FINAL else [])
        if sorted(kinds[job.id]) != sorted(wanted):
            yield f"job {job.id} is {job.status}; its ledger says: {', '.join(kinds[job.id]) or 'nothing'}"


def _left_over(rows: Rows) -> Iterable[str]:
    for attempt in rows.attempts:
        if attempt.state != "ended" or attempt.slot is not None:
            slot = "no slot" if attempt.slot is None else f"slot {attempt.slot}"
            yield f"attempt {attempt.number} of job {attempt.job_id} is {attempt.state} and holds {slot}"


def _by_job(attempts: Sequence[JobAttempt]) -> dict[UUID, list[JobAttempt]]:
    found: dict[UUID, list[JobAttempt]] = defaultdict(list)
    for attempt in attempts:
        found[attempt.job_id].append(attempt)
    return found


def of_outputs(rows: Rows, accepted: Sequence[Accepted], clients: Sequence[httpx.Client]) -> Verdict:
    """Downloads every result as its owner does.

    Args:
        rows: the database.
        accepted: whose job is whose.
        clients: a client for each user.
    """
    owner = {one.job_id: clients[one.user] for one in accepted}
    broken = [
        problem
        for job in rows.jobs
        if job.status == JobStatus.SUCCEEDED and job.id in owner
        for problem in _bad_outputs(job, owner[job.id])
    ]
    return Verdict("every result can be downloaded and has the right size", broken)


def _bad_outputs(job: Job, client: httpx.Client) -> Iterable[str]:
    if not job.outputs:
        yield f"job {job.id} succeeded without a result"
    for output in job.outputs:
        answer = client.get(f"/api/v1/jobs/{job.id}/outputs/{output['n']}")
        if answer.status_code != 200 or len(answer.content) != output["bytes"]:
            got = f"{answer.status_code}, {len(answer.content)} of {output['bytes']} bytes"
            yield f"result of job {job.id}: {got}"
            continue
        with Image.open(io.BytesIO(answer.content)) as image:
            image.load()
            if image.size != (output["width"], output["height"]):
                yield f"result of job {job.id} is {image.size}, not {output['width']} × {output['height']}"


def of_engines(urls: Sequence[str]) -> Verdict:
    """No engine works on a prompt that nobody waits for, a little after the last job has ended."""
    broken = [f"{url} still has {count} prompt(s)" for url in urls if (count := _await_quiet(url))]
    return Verdict("no engine works for nobody", broken)


def _await_quiet(url: str) -> int:
    def count() -> int:
        queue = httpx.get(f"{url}/queue", timeout=10).json()
        return len(queue["queue_running"]) + len(queue["queue_pending"])

    return _settled(count)


def _settled(count: Callable[[], int]) -> int:
    deadline = time.monotonic() + _QUIET_WITHIN_S
    while (left := count()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def sentences(verdicts: Sequence[Verdict]) -> list[str]:
    """What is wrong, a few examples of each."""
    found = []
    for verdict in verdicts:
        if verdict.broken:
            more = f" … and {len(verdict.broken) - _SHOWN} more" if len(verdict.broken) > _SHOWN else ""
            found.append(f"Not so: {verdict.rule}. " + "; ".join(verdict.broken[:_SHOWN]) + more)
    return found
