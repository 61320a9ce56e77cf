"""Turns what the engine says into what a page shows, no more often than a page can show it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from creator_app.domain.content_types import content_type
from creator_app.domain.steps import step_sentence
from creator_app.integrations.comfyui import ProgressEvent
from creator_app.live.publisher import Publisher
from creator_app.models import Job

_MIN_GAP_S = 0.1
#: Many steps say nothing for a few seconds; a page that said so each time would cry wolf.
_WORTH_A_WORD_S = 8.0
_MIN_PREVIEW_GAP_S = 0.3
#: A preview is small; what is larger, or no picture at all, is not for pages.
_LARGEST_PREVIEW_BYTES = 2_000_000
_PREVIEWS = frozenset({"image/jpeg", "image/png", "image/webp"})


class ProgressReporter:
    """Publishes a job's progress: the first change at once, then at most ten a second, the last one always.

    Args:
        publisher: where it goes.
        job: the job as it was claimed.
    """

    def __init__(self, publisher: Publisher, job: Job) -> None:
        self._publisher = publisher
        self._job = job
        self._began = datetime.now(UTC).isoformat()
        self._last_sent = 0.0
        self._last_preview = 0.0
        self._held_back: dict[str, Any] | None = None
        self._preview_at: int | None = None
        self._highest = 0.0
        self._quiet_since: str | None = None
        self._step = "Getting started"
        self._heard_at = self._began

    def report(self, event: ProgressEvent) -> None:
        """Takes one event of the engine; the percentage shown never falls within an attempt.

        In a long silence the field ``quiet_since`` says since when (ISO 8601, UTC); the next news clears it.
        """
        self._highest = max(self._highest, event.percent)
        if event.quiet_s is None:
            self._quiet_since = None
            self._heard_at = datetime.now(UTC).isoformat(timespec="seconds")
        elif self._quiet_since is None and event.quiet_s >= _WORTH_A_WORD_S:
            began = datetime.now(UTC) - timedelta(seconds=event.quiet_s)
            self._quiet_since = began.isoformat(timespec="seconds")
        if event.preview is not None:
            self._show(event.preview)
        if event.class_type:  # what says nothing of a node belongs to the step before
            self._step = step_sentence(event.class_type)
        self._send(
            {
                "percent": round(self._highest, 1),
                "step": self._step,
                "node": event.node,
                "value": event.value,
                "max": event.max,
                "started": self._began,
                "attempt": self._job.attempts,
                "preview_at": self._preview_at,
                "quiet_since": self._quiet_since,
                "heard_at": self._heard_at,
                "status": "running",
            }
        )

    def close(self) -> None:
        """Sends what was held back."""
        if self._held_back is not None:
            self._publisher.progress(self._job.account_id, self._job.id, self._held_back)
            self._held_back = None

    def _show(self, picture: bytes) -> None:
        now = time.monotonic()
        if now - self._last_preview < _MIN_PREVIEW_GAP_S or len(picture) > _LARGEST_PREVIEW_BYTES:
            return
        if content_type(picture[:64]) in _PREVIEWS:
            self._last_preview = now
            self._preview_at = self._publisher.preview(self._job.id, picture) or self._preview_at

    def _send(self, fields: dict[str, Any]) -> None:
        now = time.monotonic()
        if now - self._last_sent < _MIN_GAP_S:
            self._held_back = fields
            return
        self._last_sent = now
        self._held_back = None
        self._publisher.progress(self._job.account_id, self._job.id, fields)
