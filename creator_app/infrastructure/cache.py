"""Short-lived values in Redis. The cache may be empty or away at any moment: its users compute instead."""

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any, Final, ParamSpec, TypeVar, cast
from uuid import UUID

import redis

from creator_app.infrastructure.logging import get_logger

P = ParamSpec("P")
R = TypeVar("R")

log = get_logger(__name__)

_SCAN_BATCH: Final = 500
_MISSING: Final = object()


class Cache:
    """Keeps JSON values for a while. No method raises because Redis is away.

    Args:
        client: a pooled client that does not wait long; see `creator_app.infrastructure.redis`.
        prefix: in front of every key.
    """

    def __init__(self, client: redis.Redis, prefix: str = "creator:cache:") -> None:
        self._redis = client
        self._prefix = prefix

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or ``default`` where there is none."""
        raw = self._ask(lambda: self._redis.get(self._prefix + key))
        if raw is None:
            return default
        try:
            return json.loads(cast(bytes, raw))
        except ValueError:
            return default

    def set(self, key: str, value: Any, ttl_s: float) -> bool:
        """Keeps a value for ``ttl_s`` seconds.

        Returns:
            Whether it is kept: not where Redis is away, or the value would come back as another one.
        """
        try:
            text = json.dumps(value)
        except (TypeError, ValueError):
            return False
        if json.loads(text) != value:  # a tuple, or a key that is a number: a hit must equal a miss
            return False
        lifetime_ms = max(1, int(ttl_s * 1000))
        return bool(self._ask(lambda: self._redis.set(self._prefix + key, text, px=lifetime_ms)))

    def delete(self, key: str) -> None:
        """Forgets one value."""
        self._ask(lambda: self._redis.unlink(self._prefix + key))

    def invalidate(self, pattern: str) -> int:
        """Forgets every value whose key fits, such as ``recipes:*``; goes through the keys in small steps.

        Returns:
            How many were forgotten; 0 where Redis is away (they then end with their time).
        """
        return int(self._ask(lambda: self._unlink_all(self._prefix + pattern)) or 0)

    def cache_result(
        self, ttl_s: float, name: str | None = None
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """`cache_result` over this cache."""
        return _caching(lambda: self, ttl_s, name)

    def _unlink_all(self, pattern: str) -> int:
        count = 0
        batch: list[bytes] = []
        for key in self._redis.scan_iter(match=pattern, count=_SCAN_BATCH):
            batch.append(key)
            if len(batch) >= _SCAN_BATCH:
                count += cast(int, self._redis.unlink(*batch))
                batch.clear()
        return count + (cast(int, self._redis.unlink(*batch)) if batch else 0)

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except redis.RedisError as error:
            log.debug("cache_away", error=str(error))
            return None


_default: Cache | None = None


def use_cache(cache: Cache | None) -> None:
    """Sets the cache that `cache_result` works with in this process; ``None``: it does without."""
    global _default  # noqa: PLW0603 (functions are decorated before any process has a cache)
    _default = cache


def cache_result(ttl_s: float, name: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keeps a function's results by its arguments; without a cache the function is simply called.

    The function must return JSON values and take arguments that have a lasting text: texts, numbers, ids,
    times, lists and dictionaries of them.

    Args:
        ttl_s: how many seconds a result is used.
        name: the first part of the keys, for `Cache.invalidate`: ``NAME:*``; the function's own if
            left out.

    Raises:
        TypeError: on a call with an argument that has no lasting text.
    """
    return _caching(lambda: _default, ttl_s, name)


def _caching(
    find: Callable[[], Cache | None], ttl_s: float, name: str | None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        first = name or f"{function.__module__}.{function.__qualname__}"

        @functools.wraps(function)
        def cached(*args: P.args, **kwargs: P.kwargs) -> R:
            key = f"{first}:{_fingerprint(args, kwargs)}"
            cache = find()
            if cache is None:
                return function(*args, **kwargs)
            known = cache.get(key, _MISSING)
            if known is not _MISSING:
                return cast(R, known)
            result = function(*args, **kwargs)
            cache.set(key, result, ttl_s)
            return result

        return cached

    return decorate


def _fingerprint(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    text = json.dumps([args, kwargs], sort_keys=True, default=_lasting)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _lasting(value: Any) -> list[str]:
    if isinstance(value, UUID | PurePath):
        return [type(value).__name__, str(value)]
    if isinstance(value, date):  # a datetime is one, too
        return [type(value).__name__, value.isoformat()]
    if isinstance(value, Enum):
        return [type(value).__name__, str(value.value)]
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(item, default=_lasting) for item in value)
    raise TypeError(f"A {type(value).__name__} can't be an argument of a cached function.")
