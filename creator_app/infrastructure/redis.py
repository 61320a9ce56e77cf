"""Clients for Redis (or Valkey): short timeouts, a few quick retries, one pool per URL and process."""

from typing import Any, Final

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

CONNECT_TIMEOUT_S: Final = 1.0
ANSWER_TIMEOUT_S: Final = 2.0
_RETRIES: Final = 2


def redis_client(url: str, **options: Any) -> redis.Redis:
    """A client that connects on first use. Its answers are bytes.

    redis-py notices a fork by itself: its pool opens new connections in the child.

    Args:
        url: ``redis://:password@host:port/number``, ``rediss://…`` or ``unix://…``.
        options: what redis-py takes beside it; they win over the defaults.
    """
    defaults: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": ANSWER_TIMEOUT_S,
        "health_check_interval": 30,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), _RETRIES),
        "retry_on_error": [redis.ConnectionError, redis.TimeoutError],
    }
    return redis.Redis.from_url(url, **{**defaults, **options})


def answers(client: redis.Redis) -> bool:
    """Whether Redis answers."""
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
