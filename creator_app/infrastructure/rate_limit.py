"""Rates: how often something may be done in a time, counted in Redis; in this process while Redis is away."""

import time
from functools import cached_property, lru_cache
from math import ceil

import redis
from limits import RateLimitItem, parse
from limits.errors import StorageError as CounterAway
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import MovingWindowRateLimiter

from creator_app.errors import RateLimited
from creator_app.infrastructure.logging import get_logger

log = get_logger(__name__)


class RateLimiter:
    """Counts in a moving window: never more than the rule allows in any span of its length.

    Args:
        client: where it is counted for all processes; without one, each process counts for itself.
        prefix: in front of every key.
    """

    def __init__(self, client: redis.Redis | None = None, prefix: str = "creator:rate") -> None:
        self._client = client
        self._prefix = prefix

    @cached_property
    def _here(self) -> MovingWindowRateLimiter:
        return MovingWindowRateLimiter(MemoryStorage())

    @cached_property
    def _shared(self) -> MovingWindowRateLimiter | None:
        if self._client is None:
            return None
        pool = self._client.connection_pool
        # The address is only read for its scheme: connections come from the pool.
        storage: Storage = RedisStorage(
            "redis://", connection_pool=pool, key_prefix=self._prefix, wrap_exceptions=True
        )
        return MovingWindowRateLimiter(storage)

    def hit(self, rule: str, *key: str) -> None:
        """Counts one, if the rule allows it.

        Args:
            rule: such as ``10/minute`` or ``100 per 15 minutes``.
            key: who does what, such as ``"login", ip``.

        Raises:
            RateLimited: too often; says in how many seconds it is allowed again. This try is not counted.
            ValueError: the rule can't be read.
        """
        item = _parsed(rule)
        if self._shared is not None:
            try:
                return self._hit(self._shared, item, key)
            except (CounterAway, redis.RedisError) as error:
                log.debug("rates_counted_here", error=str(error))
        return self._hit(self._here, item, key)

    @staticmethod
    def _hit(counter: MovingWindowRateLimiter, item: RateLimitItem, key: tuple[str, ...]) -> None:
        if counter.hit(item, *key):
            return
        reset_at = counter.get_window_stats(item, *key).reset_time
        wait_s = max(1, ceil(reset_at - time.time()))
        hint = f"Wait {wait_s} seconds and try again." if wait_s > 1 else "Wait a second and try again."
        raise RateLimited(hint=hint, retry_after_s=wait_s)


@lru_cache(maxsize=128)
def _parsed(rule: str) -> RateLimitItem:
    return parse(rule)
