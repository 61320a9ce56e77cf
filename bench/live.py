"""From a progress event to the pages of 20 open tabs.

20 pages of one headless Chromium have the page of the same running job open. Events are published into
Redis as a worker does it (`creator_app.live.publisher`); how far the engine is does not matter here, so the
job is claimed by this script and nobody works on it. Time runs from just before the event is published to
the moment when a MutationObserver in the page sees its step, or that of a later event, in the heading
(`Date.now()`, the same clock, whole milliseconds). The pages do what they always do: each also reads its
job again every few seconds.

All 20 are drawn as if each were in sight, by the processor where there is no graphics card: that keeps a
machine with few cores busy. Two paces: now and then, where each event goes out by itself; and ten a second,
the most that a worker sends, of which the hub sends the latest at its own interval. The floor is a bare
publish to a bare subscriber, both in Python.
"""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import redis
from playwright.sync_api import BrowserContext, Page, sync_playwright

from bench.lab import Lab
from bench.overhead import picture
from bench.table import part, say, show
from creator_app.bootstrap import Creator
from creator_app.config.loading import load_settings
from creator_app.live import channels
from creator_app.models import Job
from creator_app.services import claims, jobs
from creator_app.supervise.home import Home
from tests.peers import browser
from tests.peers.creator import RunningCreator

RUNS = 60
TABS = 20
AIM_MS = 250
PACES = {"2 events a second": 0.5, "10 events a second": 0.1}
_OPEN_WITHIN_MS = 60_000
_SETTLE_S = 2.0
_JOB_ENDS_WITHIN_S = 60.0

_WATCH = """() => {
    window.seen = [];
    const look = () => {
        const step = document.querySelector("h2.verdict")?.textContent.match(/Step (\\d+)/);
        const last = seen.length ? seen[seen.length - 1][0] : -1;
        if (step && Number(step[1]) > last) seen.push([Number(step[1]), Date.now()]);
    };
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
    look();
}"""


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, over REST."""

    client: httpx.Client

    def run_job(self) -> UUID:
        """A job of this person, done; its id."""
        files = {"image": ("bench.png", picture(1), "image/png")}
        answer = self.client.post("/api/v1/jobs", data={"recipe": "square-post"}, files=files)
        job = answer.raise_for_status().json()
        deadline = time.monotonic() + _JOB_ENDS_WITHIN_S
        while job["status"] not in ("succeeded", "failed", "canceled"):
            if time.monotonic() > deadline:
                raise SystemExit("The job before the measurement did not end.")
            time.sleep(0.2)
            job = self.client.get(f"/api/v1/jobs/{job['id']}").raise_for_status().json()
        return UUID(job["id"])


class Source:
    """Publishes numbered progress of one job.

    Attributes:
        job: the row as it was claimed.
        sent_at: when each event was published, in milliseconds since 1970.
    """

    def __init__(self, creator: Creator, job: Job) -> None:
        self._creator = creator
        self.job = job
        self.sent_at: list[float] = []

    def send(self) -> None:
        """Publishes the next event."""
        number = len(self.sent_at)
        fields = {
            # It never reaches 100: a page may show no more than a job has done.
            "percent": round(100 * number / (number + 100), 1),
            "step": f"Step {number}",
            "node": "1",
            "value": number,
            "max": None,
            "started": self.job.started_at.isoformat() if self.job.started_at else "",
            "attempt": self.job.attempts,
            "preview_at": None,
            "status": "running",
        }
        self.sent_at.append(time.time() * 1000)
        self._creator.publisher.progress(self.job.account_id, self.job.id, fields)


def measure(lab: Lab, runs: int = RUNS) -> None:
    """Opens the tabs, publishes, and prints the table.

    Args:
        lab: where Creator runs.
        runs: events per pace.
    """
    say("live: a job that stays running")
    running = lab.up()
    creator = creator_of(running)
    with signed_in(running) as person:
        source = Source(creator, running_job(creator, person.run_job()))
        with tabs(running, person, source) as pages:
            say(f"live: {TABS} tabs are open")
            results = {name: _at_pace(name, source, pages, runs, gap_s) for name, gap_s in PACES.items()}
    say("live: floor")
    floor = bare(creator.redis, runs)
    creator.database.engine.dispose()
    _show(runs, floor, results)


def _at_pace(
    name: str, source: Source, pages: Sequence[Page], runs: int, gap_s: float
) -> tuple[list[float], int]:
    say(f"live: {runs} events, {name}")
    first = len(source.sent_at)
    for _ in range(runs):
        source.send()
        time.sleep(gap_s * random.uniform(0.8, 1.2))
    time.sleep(_SETTLE_S)
    took: list[float] = []
    for page in pages:
        seen = page.evaluate("window.seen")
        for number in range(first, first + runs):
            shown = next((at for shown, at in seen if shown >= number), None)
            if shown is not None:
                took.append(shown - source.sent_at[number])
    return took, runs * len(pages) - len(took)


def _show(runs: int, floor: list[float], results: dict[str, tuple[list[float], int]]) -> None:
    rows: list[tuple[str | float | None, ...]] = []
    for name, (took, lost) in {"bare Redis publish (floor)": (floor, 0), **results}.items():
        p50 = part(took, 0.5)
        rows.append((name, p50, part(took, 0.95), max(took), p50 / part(floor, 0.5), lost))
    show(
        f"(b) progress event → page, {TABS} tabs, {runs} events at each pace; aim: p95 within {AIM_MS} ms",
        ("what", "p50 ms", "p95 ms", "max ms", "ratio", "never shown"),
        rows,
    )


def creator_of(running: RunningCreator) -> Creator:
    """What the parts of a Creator that runs work with."""
    reached = Home(running.home).running()
    if reached is None:
        raise SystemExit("The Creator that is measured has ended.")
    return Creator(load_settings(creator_home=running.home, redis_url=reached.environment["REDIS_URL"]))


def running_job(creator: Creator, done: UUID) -> Job:
    """A job like one that is done, claimed in the transaction that makes it, so that no worker gets it."""
    with creator.uow.write() as work:
        old = work.session.get(Job, done)
        if old is None:
            raise SystemExit("The job before the measurement is gone.")
        new = jobs.retry(work, old.account_id, old.user_id, old.id)
        claim = claims.claim_next(work, timedelta(hours=1))
        if claim is None or claim.job.id != new.id:
            raise SystemExit("Something else runs on this Creator.")
        return claim.job


def bare(client: redis.Redis, runs: int) -> list[float]:
    """Milliseconds from a publish to a subscriber in another thread."""
    channel = channels.account_channel(uuid4())
    took: list[float] = []
    with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe(channel)
        pubsub.get_message(timeout=1)

        def listen() -> None:
            while len(took) < runs:
                message = pubsub.get_message(timeout=5)
                if message is None:
                    return
                took.append((time.time() - float(message["data"])) * 1000)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        for _ in range(runs):
            client.publish(channel, repr(time.time()))
            time.sleep(0.02)
        thread.join(10)
    if not took:
        raise SystemExit("Valkey brought no message.")
    return took


@contextmanager
def signed_in(running: RunningCreator) -> Iterator[Person]:
    """A new account and its session."""
    entry = {"email": f"bench-{uuid4().hex[:8]}@example.org", "password": uuid4().hex}
    with httpx.Client(base_url=running.url, timeout=30) as client:
        client.post("/api/v1/auth/register", json=entry).raise_for_status()
        client.post("/api/v1/auth/login", json=entry).raise_for_status()
        yield Person(client)


@contextmanager
def tabs(running: RunningCreator, person: Person, source: Source) -> Iterator[list[Page]]:
    """Tabs on the job's page that have shown a first event and note when they show later ones."""
    path = browser.executable()
    with sync_playwright() as playwright:
        # Ctrl-C is for this script alone, which ends the browser.
        chromium = playwright.chromium.launch(
            executable_path=path, args=browser.ARGUMENTS, handle_sigint=False
        )
        context = chromium.new_context(base_url=running.url, viewport={"width": 1280, "height": 900})
        cookies = person.client.cookies.items()
        context.add_cookies([{"name": name, "value": value, "url": running.url} for name, value in cookies])
        yield _open(context, source)
        chromium.close()


def _open(context: BrowserContext, source: Source) -> list[Page]:
    say(f"live: opening {TABS} tabs")
    source.send()  # what a page shows of a job that has just begun
    pages = [context.new_page() for _ in range(TABS)]
    for page in pages:
        page.goto(f"/jobs/{source.job.id}", wait_until="commit", timeout=_OPEN_WITHIN_MS)
    for page in pages:
        page.get_by_role("heading", name="Step").wait_for(timeout=_OPEN_WITHIN_MS)
        page.evaluate(_WATCH)
    return pages
