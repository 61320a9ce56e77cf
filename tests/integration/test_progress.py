"""What a page hears of a run: the bar, its silence, its pictures."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import redis

from creator_app.integrations.comfyui import ProgressEvent
from creator_app.live import channels
from creator_app.live.publisher import Publisher
from creator_app.live.snapshot import Snapshots
from creator_app.models import Job
from jobs_worker.progress import ProgressReporter

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)


class Page:
    """One job's reporter, and what can be read of it."""

    def __init__(self, client: redis.Redis) -> None:
        self.redis = client
        self.job = Job(
            id=uuid4(),
            account_id=uuid4(),
            user_id=uuid4(),
            recipe_version_id=uuid4(),
            recipe_slug="x",
            recipe_title="X",
            inputs={},
            source="api",
        )
        self.reporter = ProgressReporter(Publisher(client), self.job)
        self.snapshots = Snapshots(client)

    def after(self, *events: ProgressEvent) -> dict[str, str]:
        for event in events:
            self.reporter.report(event)
        self.reporter.close()
        return self.snapshots.read(self.job.id)


@pytest.fixture
def page(redis_url: str) -> Iterator[Page]:
    with redis.Redis.from_url(redis_url) as client:
        yield Page(client)


def test_a_step_has_plain_words(page: Page) -> None:
    read = page.after(ProgressEvent(40.0, "2", "KSampler", 8, 20))
    assert (read["percent"], read["step"], read["value"], read["max"]) == ("40.0", "Drawing", "8", "20")
    assert read["quiet_since"] == ""


def test_silence_says_since_when_and_news_end_it(page: Page) -> None:
    read = page.after(ProgressEvent(40.0, "2"), ProgressEvent(40.0, "2", quiet_s=9.0))
    since = datetime.fromisoformat(read["quiet_since"])
    assert abs(since - (datetime.now(UTC) - timedelta(seconds=9))) < timedelta(seconds=2)
    assert read["percent"] == "40.0"
    later = page.after(ProgressEvent(40.0, "2", quiet_s=12.0))
    assert later["quiet_since"] == read["quiet_since"]
    assert page.after(ProgressEvent(41.0, "2"))["quiet_since"] == ""


def test_the_latest_picture_alone_is_kept_and_not_for_long(page: Page) -> None:
    page.after(ProgressEvent(1.0, preview=JPEG))
    key = channels.job_preview(page.job.id)
    assert page.redis.get(key) == JPEG
    assert 0 < page.redis.ttl(key) <= channels.PREVIEW_TTL_S
    page.reporter._last_preview = 0.0  # as if some time had passed
    page.after(ProgressEvent(2.0, preview=JPEG + b"2"))
    assert page.snapshots.preview(page.job.id) == JPEG + b"2"


@pytest.mark.parametrize("content", [b"<script>", b"GIF89a", b"", JPEG + bytes(2_000_000)])
def test_what_is_no_small_picture_is_not_shown(page: Page, content: bytes) -> None:
    read = page.after(ProgressEvent(1.0, preview=content))
    assert page.snapshots.preview(page.job.id) is None
    assert read["preview_at"] == ""
