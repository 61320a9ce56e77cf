"""The server's time: a test can turn it forward instead of waiting."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The real time plus what a test added."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


def rfc3339(when: datetime) -> str:
    """As Drive writes times: UTC with milliseconds ("format": "date-time" in the discovery document)."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def parse_time(text: str) -> datetime:
    """RFC 3339; without a zone it is UTC ("Search query terms and operators").

    Raises:
        ValueError: it is no time.
    """
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
