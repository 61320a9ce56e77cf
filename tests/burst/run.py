"""One burst, from the start of a Creator and of a Google to the verdict."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx
import psutil

from bench.table import part
from creator_app.bootstrap import Creator
from creator_app.config import Settings
from tests.burst import audit
from tests.burst.audit import Rows
from tests.burst.scene import Kinds, Scene
from tests.chaos.audit import Verdict
from tests.peers.creator import RunningCreator, free_port, start_creator
from tests.peers.drive import DriveServer

_RECIPE: Final = "square-post"
_KILLED: Final = ("courier", "worker-1", "clock")
#: What goes wrong at Google, each as often as the others. After a plain end, the client library repeats the
#: call by itself; after a reset it doesn't, and nobody knows whether the call was acted on.
_FAULTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("rateLimitExceeded", {}),
    ("429", {"retry_after": 1}),
    ("500", {}),
    ("503", {}),
    ("cut_after", {}),
    ("cut_after", {"reset": True}),
    ("cut_response", {}),
)


@dataclass(frozen=True)
class Scale:
    """How big a burst is.

    Attributes:
        kinds: of files.
        users: whose Drives.
        faults: share of calls that fail.
        lose_every: so many-th change is never told of.
        kills: how often courier, worker and clock are killed, all three.
        listing_s: how often folders are listed in full.
        settle_s: within which all must be done.
    """

    kinds: Kinds
    users: int
    faults: float
    lose_every: int
    kills: int
    listing_s: float
    settle_s: float


SHORT = Scale(Kinds(30, old=5, moved=3, growing=3, copies=2, bad=4), 3, 0.05, 10, 1, 6, 120)
FULL = Scale(Kinds(200, old=30, moved=10, growing=10, copies=5, bad=10), 3, 0.05, 10, 2, 20, 600)


@dataclass(frozen=True)
class Report:
    """What came of it: a text for people, and a sentence for each broken promise."""

    text: str
    broken: list[str]


def run(home: Path, seed: int, scale: Scale) -> Report:
    """Starts a Creator and a Google, drops everything at once, and looks at what is left.

    Args:
        home: an empty folder.
        seed: of the files and of the faults.
        scale: how big.
    """
    port = free_port()
    with DriveServer() as drive:
        settings = {
            **drive.environ(),
            "PUBLIC_URL": f"http://localhost:{port}",
            "SIGNUP": "open",
            "WATCH_DIR": "off",
            "LEASE_SECONDS": "3",
            "SWEEP_SECONDS": "1",
            "DRIVE_POLL_SECONDS": "2",
            "DRIVE_LISTING_SECONDS": str(scale.listing_s),
        }
        with start_creator(home / "creator", port, **settings) as creator:
            return _burst(drive, creator, seed, scale)


def _burst(drive: DriveServer, creator: RunningCreator, seed: int, scale: Scale) -> Report:
    emails = [f"person{n}@example.com" for n in range(scale.users)]
    scene = Scene([drive.user(email) for email in emails], scale.kinds, seed)
    for email in emails:
        with httpx.Client(base_url=creator.url, timeout=60, headers={"Origin": creator.url}) as client:
            connect(drive, client, email)
    drive.faults.seed(seed)
    rules = [drive.fault(kind, probability=scale.faults / len(_FAULTS), **more) for kind, more in _FAULTS]
    drive.changes.lose_every, drive.pushes.times = scale.lose_every, 2
    reader = Creator(Settings(creator_home=creator.home, encryption_keys=[]))
    try:
        began = time.monotonic()
        scene.drop_everything()
        killed = _kill(creator, reader, scale)
        rows = _settled(reader, scene, scale, began)
        took = time.monotonic() - began
        # What would be made twice would be made now: every folder is listed anew, several times over.
        time.sleep(2 * scale.listing_s)
        rows = audit.read(reader.database)
    finally:
        reader.database.close()
    drive.faults.clear()
    hits = {f"{rule.kind}{' with a reset' if rule.reset else ''}": rule.hits for rule in rules}
    found = [*audit.verdicts(rows, scene.dropped), _happened(drive, killed, hits, scale)]
    text = [_numbers(rows, scene, took, killed, hits, drive), _table(found)]
    return Report(
        "\n\n".join(text), [f"{one.rule}: {sentence}" for one in found for sentence in one.broken[:5]]
    )


def connect(drive: DriveServer, client: httpx.Client, email: str) -> None:
    """An account, its Drive, and a drop folder there, over REST.

    Args:
        drive: a Google.
        client: a stranger; afterwards that account's.
        email: of both.
    """
    entry = {"email": email, "password": "correct horse battery staple"}
    client.post("/api/v1/auth/register", json=entry).raise_for_status()
    drive.user(email)
    drive.auto_approve = email
    there = client.post("/api/v1/drive/connect", json={}).raise_for_status().json()["authorize_url"]
    back = httpx.get(there, timeout=60)
    answer = client.get(back.headers["location"])
    assert answer.status_code == 303, answer.text
    client.post("/api/v1/drive/watch", json={"recipe": _RECIPE}).raise_for_status()


def _kill(creator: RunningCreator, reader: Creator, scale: Scale) -> list[str]:
    """Kills courier, worker and clock: while files are fetched, then while results are brought, and so on."""
    killed = []
    wanted = scale.kinds.files - scale.kinds.bad
    for number in range(1, scale.kills + 1):
        count = _accepted if number % 2 else _ended
        end = time.monotonic() + scale.settle_s
        while count(reader) < wanted * number / (scale.kills + 2) and time.monotonic() < end:
            time.sleep(0.1)
        for name in _KILLED:
            with suppress(ProcessLookupError, psutil.NoSuchProcess, FileNotFoundError):
                os.kill(creator.pid(name), signal.SIGKILL)
                killed.append(name)
    return killed


def _accepted(reader: Creator) -> int:
    return len(audit.read(reader.database).jobs)


def _ended(reader: Creator) -> int:
    return sum(job.status == "succeeded" for job in audit.read(reader.database).jobs)


def _settled(reader: Creator, scene: Scene, scale: Scale, began: float) -> Rows:
    """The rows once nothing is on its way any more, and as many files were seen as were dropped."""
    while True:
        rows = audit.read(reader.database)
        seen = len({file.remote_id for file in rows.files})
        if scene.everything_has_arrived() and seen >= scale.kinds.files and audit.is_quiet(rows):
            return rows
        if time.monotonic() - began > scale.settle_s:
            return rows
        time.sleep(0.3)


def _happened(drive: DriveServer, killed: Sequence[str], hits: dict[str, int], scale: Scale) -> Verdict:
    """Whether everything that was to go wrong did."""
    broken = [
        f"{kind} never happened" for kind, count in hits.items() if not count and scale.kinds.files > 50
    ]
    if scale.faults and not sum(hits.values()):
        broken.append("no call failed")
    if len(killed) != len(_KILLED) * scale.kills:
        broken.append(f"killed were only {killed}")
    if scale.lose_every and not drive.changes.lost:
        broken.append("no change was lost")
    if not drive.pushes.sent:
        broken.append("nothing was pushed")
    return Verdict("everything that was to go wrong went wrong", broken)


def _numbers(
    rows: Rows, scene: Scene, took: float, killed: Sequence[str], hits: dict[str, int], drive: DriveServer
) -> str:
    remote = {str(file.id): file.remote_id for file in rows.files}
    dropped = {file_id: at for one in scene.dropped for file_id, at in one.at.items()}
    known = [
        (job, dropped[remote[job.source_ref]])
        for job in rows.jobs
        if job.source_ref in remote and remote[job.source_ref] in dropped
    ]
    made = [(job.created_at - at).total_seconds() for job, at in known]
    started = [(job.started_at - at).total_seconds() for job, at in known if job.started_at]
    done = [(job.finished_at - at).total_seconds() for job, at in known if job.finished_at]
    lines = [
        ("files dropped", len(dropped)),
        ("jobs", len(rows.jobs)),
        ("  attempts", len(rows.attempts)),
        ("results brought", _brought(rows, "result")),
        ("notes brought", _brought(rows, "note")),
        ("calls of Google", sum(drive.calls().values())),
        ("  of them failed", sum(hits.values())),
        *((f"    {kind}", count) for kind, count in hits.items()),
        ("changes never told of", len(drive.changes.lost)),
        ("processes killed", len(killed)),
        ("seconds until all was done", round(took, 1)),
    ]
    text = [f"{name:32}{value:>10}" for name, value in lines]
    text += ["", f"{'seconds from the drop':32}{'median':>10}{'p95':>10}{'worst':>10}"]
    text += [_lags("  to the job", made), _lags("  to its start", started), _lags("  to its end", done)]
    return "\n".join(text)


def _brought(rows: Rows, what: str) -> int:
    return sum(one.what == what and one.state == "done" for one in rows.deliveries)


def _lags(name: str, seconds: list[float]) -> str:
    if not seconds:
        return f"{name:32}{'-':>10}"
    values = (median(seconds), part(seconds, 0.95), max(seconds))
    return f"{name:32}" + "".join(f"{value:10.1f}" for value in values)


def _table(found: Sequence[Verdict]) -> str:
    return "\n".join(f"{'BROKEN' if one.broken else 'kept':8}{one.rule}" for one in found)
