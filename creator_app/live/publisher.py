"""Writes live progress into Redis: a snapshot per job, and a message on its account's channel.

Progress is a help, never the truth: a Redis that is away costs nothing but the live bar.
"""

import json
import time
from typing import Any
from uuid import UUID

import redis

from creator_app.infrastructure.logging import get_logger
from creator_app.live import channels

log = get_logger(__name__)


class Publisher:
    """Publishes what happens to jobs."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def progress(self, account_id: UUID, job_id: UUID, fields: dict[str, Any]) -> None:
        """Keeps ``fields`` as the job's snapshot and publishes them. Never raises.

        Args:
            account_id: whose job it is.
            job_id: which job.
            fields: what a page shows: percent, step, node, value, max, eta_seconds, …
        """
        key = channels.job_snapshot(job_id)
        message = {"job": str(job_id), "at": time.time(), **fields}
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.hset(key, mapping={name: _text(value) for name, value in fields.items()})
                pipe.expire(key, channels.SNAPSHOT_TTL_S)
                pipe.publish(channels.account_channel(account_id), json.dumps(message))
                pipe.execute()
        except redis.RedisError as error:
            log.debug("progress_not_published", error=str(error))

    def changed(self, account_id: UUID, job_id: UUID, status: str) -> None:
        """Tells the account's pages that the job's row changed.

        Raises:
            redis.RedisError: Redis is away; pages notice by themselves a few seconds later.
        """
        message = json.dumps({"job": str(job_id), "at": time.time(), "status": status})
        with self._redis.pipeline(transaction=False) as pipe:
            if status not in ("running", "saving"):
                pipe.delete(channels.job_snapshot(job_id), channels.job_preview(job_id))
            pipe.publish(channels.account_channel(account_id), message)
            pipe.execute()

    def errand(self) -> None:
        """Tells couriers that there may be something to do.

        Raises:
            redis.RedisError: Redis is away; couriers look by themselves a moment later.
        """
        self._redis.publish(channels.ERRANDS, "1")

    def folders_changed(self, account_id: UUID) -> None:
        """Tells the account's pages that something happened in its folders.

        Raises:
            redis.RedisError: Redis is away; pages notice by themselves a little later.
        """
        message = json.dumps({"folders": True, "at": time.time()})
        self._redis.publish(channels.account_channel(account_id), message)

    def preview(self, job_id: UUID, picture: bytes) -> int | None:
        """Keeps the latest preview picture; older ones are overwritten, all expire. Never raises.

        Returns:
            The preview's version (milliseconds since 1970), or ``None`` when it could not be kept.
        """
        try:
            self._redis.set(channels.job_preview(job_id), picture, ex=channels.PREVIEW_TTL_S)
        except redis.RedisError:
            return None
        return int(time.time() * 1000)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
