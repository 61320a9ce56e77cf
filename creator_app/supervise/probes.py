"""Whether a part is ready: asked over the same ways that its users take."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable

import psutil
import redis
from rq.worker import Worker
from rq.worker_registration import get_keys

Probe = Callable[[], bool]
_PATIENCE_S = 2.0
_SETTLED_S = 2.5


def answers_http(*urls: str) -> Probe:
    """Ready when each of the addresses answers with 200."""
    return lambda: all(_is_ok(url) for url in urls)


def answers_redis(url: str) -> Probe:
    """Ready when it answers a PING (not while it still loads its data)."""

    def probe() -> bool:
        try:
            with redis.Redis.from_url(url, socket_timeout=_PATIENCE_S, retry=None) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    return probe


def works_on_tickets(url: str, pid: Callable[[], int | None]) -> Probe:
    """Ready when the worker with this process id has told RQ that it is there."""

    def probe() -> bool:
        try:
            with redis.Redis.from_url(url, socket_timeout=_PATIENCE_S, retry=None) as client:
                keys = get_keys(connection=client)
                workers = [Worker.find_by_key(key, connection=client) for key in keys]
                return pid() in {worker.pid for worker in workers if worker}
        except (redis.RedisError, OSError):
            return False

    return probe


def runs(pid: Callable[[], int | None]) -> Probe:
    """Ready when the process has lived long enough to have read its settings."""

    def probe() -> bool:
        try:
            return bool(time.time() - psutil.Process(pid() or -1).create_time() > _SETTLED_S)
        except (psutil.Error, ValueError):
            return False

    return probe


def _is_ok(url: str) -> bool:
    try:
        # Only ever addresses of our own parts, made in `parts.py`.
        with urllib.request.urlopen(url, timeout=_PATIENCE_S) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False
