"""Clients for Redis (or Valkey): short timeouts, one pool per client and process.

Almost all of what we ask of Redis is a help: tickets that are issued again, live progress, values that can be
worked out. `helping_client` is for that: a Redis that hangs costs one short wait now and then, not one for
every question.
"""

import threading
import time
from typing import Any, Final

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry

from creator_app.infrastructure.logging import get_logger

log = get_logger(__name__)

CONNECT_TIMEOUT_S: Final = 1.0
ANSWER_TIMEOUT_S: Final = 2.0
_RETRIES: Final = 2
#: For what is only a help. Half of this is a long time even for a Redis on the other side of the world.
HELP_TIMEOUT_S: Final = 0.4
_SHORTEST_REST_S: Final = 0.2
_LONGEST_REST_S: Final = 5.0


def redis_client(url: str, **options: Any) -> redis.Redis:
    """A client that connects on first use, and tries a few times. Its answers are bytes.

    redis-py notices a fork by itself: its pool opens new connections in the child.

    Args:
        url: ``redis://:password@host:port/number``, ``rediss://…`` or ``unix://…``.
        options: what redis-py takes beside it; they win over the defaults.
    """
    return redis.Redis.from_url(url, **{**patient_options(), **options})


def patient_options() -> dict[str, Any]:
    """How `redis_client` connects, for a pool of somebody's own."""
    return {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": ANSWER_TIMEOUT_S,
        "health_check_interval": 30,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), _RETRIES),
        "retry_on_error": [redis.ConnectionError, redis.TimeoutError],
    }


def helping_client(url: str, breaker: "Breaker") -> redis.Redis:
    """A client for what one can do without: it asks once, and not at all for a while after a failure.

    Args:
        url: as for `redis_client`.
        breaker: shared by the clients of one server, so that its hanging is paid for once.
    """
    pool = _HelpingPool.from_url(
        url,
        socket_connect_timeout=HELP_TIMEOUT_S,
        socket_timeout=HELP_TIMEOUT_S,
        health_check_interval=30,
        retry=_Watched(breaker),
    )
    pool.breaker = breaker
    return redis.Redis.from_pool(pool)


def answers(client: redis.Redis) -> bool:
    """Whether Redis answers."""
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


class Breaker:
    """Knows whether a server failed just now, and for how long it is better not asked.

    It rests ten times as long as the failure took: a refused connection costs nothing and is tried again
    soon, a server that hangs takes at most a tenth of anybody's time. After the rest one caller tries; the
    others go on without until that one has an answer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failing = False
        self._rests_until = 0.0

    def check(self) -> None:
        """Lets the caller ask.

        Raises:
            redis.ConnectionError: it should do without for now.
        """
        if not self._failing:
            return
        with self._lock:
            now = time.monotonic()
            if now < self._rests_until:
                raise redis.ConnectionError("It did not answer a moment ago, and is not asked for a while.")
            self._rests_until = now + 2 * HELP_TIMEOUT_S  # until the one that asks now knows more

    def failed(self, seconds: float) -> None:
        """Notes a failure, and how long it took."""
        with self._lock:
            rest = min(_LONGEST_REST_S, max(_SHORTEST_REST_S, 10 * seconds))
            news, self._failing = not self._failing, True
            self._rests_until = time.monotonic() + rest
        if news:
            log.warning("redis_away", took_s=round(seconds, 3))

    def answered(self) -> None:
        """Notes that the server answered."""
        if self._failing:
            with self._lock:
                self._failing = False
            log.warning("redis_back")


class _HelpingPool(redis.ConnectionPool):
    """Gives no connection to a server that should not be asked; every command asks for one."""

    breaker: Breaker

    def get_connection(self, *args: Any, **options: Any) -> Any:
        self.breaker.check()
        return super().get_connection(*args, **options)


class _Watched(Retry):
    """Tries nothing again, and tells how it went: every connect and every command goes through here."""

    def __init__(self, breaker: Breaker) -> None:
        super().__init__(NoBackoff(), 0)
        self._breaker = breaker

    def __deepcopy__(self, memo: object) -> "_Watched":
        return self  # each connection takes a copy, and all shall tell the same breaker

    def call_with_retry(self, *args: Any, **options: Any) -> Any:
        began = time.monotonic()
        try:
            answer = super().call_with_retry(*args, **options)
        except (redis.ConnectionError, redis.TimeoutError):
            self._breaker.failed(time.monotonic() - began)
            raise
        self._breaker.answered()
        return answer
