"""What a page gets of an engine's words."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from creator_app.integrations.comfyui import ProgressEvent
from creator_app.models import Job
from creator_app.models.base import new_id
from jobs_worker.progress import ProgressReporter


class Heard:
    """Keeps what would go to Redis."""

    def __init__(self) -> None:
        self.fields: list[dict[str, Any]] = []

    def progress(self, account_id: UUID, job_id: UUID, fields: dict[str, Any]) -> None:
        self.fields.append(fields)


def reports(*events: ProgressEvent) -> list[dict[str, Any]]:
    heard = Heard()
    job = Job(id=new_id(), account_id=new_id(), user_id=new_id(), recipe_version_id=new_id(), attempts=1)
    for event in events:
        reporter = ProgressReporter(heard, job)  # type: ignore[arg-type]
        reporter.report(event)
        reporter.close()
    return heard.fields


def test_a_short_silence_is_not_worth_a_word_and_a_long_one_says_since_when() -> None:
    short, long, news = reports(
        ProgressEvent(40, "3", "KSampler", quiet_s=3.0),
        ProgressEvent(40, "3", "KSampler", quiet_s=20.0),
        ProgressEvent(41, "3", "KSampler"),
    )
    assert short["quiet_since"] is None
    since = (datetime.now(UTC) - datetime.fromisoformat(long["quiet_since"])).total_seconds()
    assert 19 <= since <= 23
    assert news["quiet_since"] is None
    assert [row["percent"] for row in (short, long, news)] == [40, 40, 41]
