"""Reads the live progress that the publisher keeps in Redis."""

from collections.abc import Sequence
from uuid import UUID

import redis

from creator_app.live import channels


class Snapshots:
    """Reads snapshots and previews. A Redis that is away reads as "nothing known"."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def read(self, job_id: UUID | str) -> dict[str, str]:
        """The latest progress of one job; empty when none is known."""
        return self.read_many([job_id])[0]

    def read_many(self, job_ids: Sequence[UUID | str]) -> list[dict[str, str]]:
        """The latest progress of several jobs, in the order asked for, in one round trip."""
        if not job_ids:
            return []
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for job_id in job_ids:
                    pipe.hgetall(channels.job_snapshot(job_id))
                return [_decode(raw) for raw in pipe.execute()]
        except redis.RedisError:
            return [{} for _ in job_ids]

    def preview(self, job_id: UUID | str) -> bytes | None:
        """The latest preview picture, or ``None``."""
        try:
            return self._redis.get(channels.job_preview(job_id))
        except redis.RedisError:
            return None


def _decode(raw: dict[bytes, bytes] | dict[str, str]) -> dict[str, str]:
    return {_str(key): _str(value) for key, value in raw.items()}


def _str(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
