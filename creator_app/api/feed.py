"""What happens to jobs, for open streams: one subscription per process, however many programs listen.

Messages only make a stream quick. Each stream reads the database row when it begins, when the job's state
changes and every few seconds, so a lost message or a lost Valkey costs time and nothing else.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import redis.asyncio as aredis

from creator_app.errors import RateLimited
from creator_app.infrastructure.logging import get_logger
from creator_app.live import channels

log = get_logger(__name__)

STREAMS_PER_ACCOUNT: Final = 200
_RETRY_S: Final = 1.0
_QUIET_S: Final = 15.0


@dataclass(eq=False)
class Watch:
    """One open stream: what it has not told yet.

    Attributes:
        wake: set when there is anything to tell.
        progress: the latest progress; newer replaces older, so a slow reader never falls behind.
        changed: set when the job's row should be read again.
    """

    account_id: str
    job_id: str
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    progress: dict[str, Any] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """The open streams of this process."""

    def __init__(self) -> None:
        self._watches: dict[str, set[Watch]] = {}
        self._per_account: Counter[str] = Counter()
        self._reader: asyncio.Task[None] | None = None
        self.stopping = False

    def stop(self) -> None:
        """Ends every open stream: a server that waits for its last answer would wait for minutes.

        Call it on the event loop, when the process is told to end.
        """
        self.stopping = True
        self._wake_all()

    @asynccontextmanager
    async def watch(self, account_id: UUID, job_id: UUID, redis_url: str) -> AsyncIterator[Watch]:
        """Listens for one job.

        Raises:
            RateLimited: the account has too many streams open.
        """
        watch = Watch(str(account_id), str(job_id))
        if self._per_account[watch.account_id] >= STREAMS_PER_ACCOUNT:
            raise RateLimited("Too many open streams.", hint="Close some, or ask for the jobs' list instead.")
        self._per_account[watch.account_id] += 1
        self._watches.setdefault(watch.job_id, set()).add(watch)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(redis_url))
        try:
            yield watch
        finally:
            self._leave(watch)

    def _leave(self, watch: Watch) -> None:
        self._per_account[watch.account_id] -= 1
        self._watches[watch.job_id].discard(watch)
        if not self._watches[watch.job_id]:
            del self._watches[watch.job_id]
        if not self._watches and self._reader is not None:
            self._per_account.clear()
            self._reader.cancel()
            self._reader = None

    async def _read(self, redis_url: str) -> None:
        while True:
            try:
                await self._listen(redis_url)
            except (OSError, aredis.RedisError) as error:
                log.warning("feed_lost_redis", error=type(error).__name__)
            await asyncio.sleep(_RETRY_S)

    async def _listen(self, redis_url: str) -> None:
        client = aredis.from_url(redis_url, socket_connect_timeout=3, health_check_interval=10)
        async with client, client.pubsub() as pubsub:
            await pubsub.psubscribe(channels.ACCOUNT_PATTERN)
            self._wake_all()  # what was said before we listened
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=_QUIET_S)
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "pmessage":
                    self._take(channels.account_of(message["channel"].decode()), message["data"])

    def _wake_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.changed.set()
                watch.wake.set()

    def _take(self, account_id: str, data: bytes) -> None:
        try:
            message = json.loads(data)
            watches = self._watches.get(str(message["job"]), ())
        except (ValueError, KeyError, TypeError):
            log.warning("live_message_unreadable")
            return
        for watch in watches:
            if watch.account_id != account_id:
                continue
            if "percent" in message:
                watch.progress.update(message)
            else:
                watch.changed.set()
            watch.wake.set()


feed = Feed()
