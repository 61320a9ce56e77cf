"""A Valkey that hangs: it takes connections and questions, and answers nothing."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis

from creator_app.errors import Unavailable
from creator_app.infrastructure.cache import Cache
from creator_app.infrastructure.queue import TicketQueue
from creator_app.infrastructure.rate_limit import RateLimiter
from creator_app.infrastructure.redis import HELP_TIMEOUT_S, Breaker, answers, helping_client
from creator_app.live.publisher import Publisher
from creator_app.live.snapshot import Snapshots
from tests.conftest import Valkey, wait_until

#: One timeout, and what two busy processors may add.
ONE_WAIT_S = HELP_TIMEOUT_S + 0.4


class Parts:
    """What works with a Valkey, over two clients and one breaker, as in a process of Creator."""

    def __init__(self, url: str) -> None:
        breaker = Breaker()
        self.live = helping_client(f"{url}/1", breaker)
        self.queue = helping_client(f"{url}/0", breaker)
        self.tickets = TicketQueue(self.queue)
        self.publisher = Publisher(self.live)
        self.snapshots = Snapshots(self.live)
        self.cache = Cache(self.live)
        self.limiter = RateLimiter(self.live)

    def everything(self) -> None:
        """What a request may ask of it, and more."""
        with pytest.raises(Unavailable):
            self.tickets.issue(3)
        with pytest.raises(redis.RedisError):
            self.publisher.changed(uuid4(), uuid4(), "queued")
        self.publisher.progress(uuid4(), uuid4(), {"percent": 1})
        assert self.snapshots.read_many([uuid4(), uuid4()]) == [{}, {}]
        assert self.cache.get("a", "computed") == "computed"
        self.limiter.hit("1000/minute", "ann")
        assert not answers(self.live)


@pytest.fixture
def parts(valkey: Valkey) -> Iterator[Parts]:
    parts = Parts(valkey.url)
    yield parts
    parts.live.close()
    parts.queue.close()


@pytest.fixture
def hung(valkey: Valkey) -> Iterator[Valkey]:
    assert valkey.process is not None
    valkey.process.send_signal(signal.SIGSTOP)
    yield valkey
    valkey.process.send_signal(signal.SIGCONT)


def seconds(parts: Parts) -> float:
    began = time.monotonic()
    parts.everything()
    return time.monotonic() - began


def test_all_of_it_together_waits_once(parts: Parts, hung: Valkey) -> None:
    assert seconds(parts) < ONE_WAIT_S
    assert seconds(parts) < 0.2


def test_connections_that_are_open_wait_once_too(parts: Parts, valkey: Valkey) -> None:
    parts.tickets.issue()
    parts.cache.set("a", 1, ttl_s=60)
    assert valkey.process is not None
    valkey.process.send_signal(signal.SIGSTOP)
    try:
        assert seconds(parts) < ONE_WAIT_S
        assert seconds(parts) < 0.2
    finally:
        valkey.process.send_signal(signal.SIGCONT)


def test_after_the_rest_one_of_many_asks_again(parts: Parts, hung: Valkey) -> None:
    parts.everything()
    parts.live.connection_pool.breaker._rests_until = 0.0  # type: ignore[attr-defined]
    together = threading.Barrier(8)

    def ask(_: int) -> float:
        together.wait()
        began = time.monotonic()
        parts.cache.get("a")
        return time.monotonic() - began

    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(ask, range(8)))
    assert waits[-2] < 0.2 and HELP_TIMEOUT_S * 0.9 < waits[-1] < ONE_WAIT_S


def test_it_is_used_again_once_it_goes_on(parts: Parts, valkey: Valkey) -> None:
    assert valkey.process is not None
    valkey.process.send_signal(signal.SIGSTOP)
    parts.everything()
    valkey.process.send_signal(signal.SIGCONT)
    wait_until(lambda: answers(parts.live), "Valkey")
    assert parts.cache.set("a", 1, ttl_s=60) and parts.cache.get("a") == 1
    parts.tickets.issue()
    assert parts.tickets.waiting() == 1


def test_a_restart_is_noticed_within_moments(parts: Parts, valkey: Valkey) -> None:
    parts.tickets.issue()
    valkey.stop()
    assert seconds(parts) < 0.4
    valkey.start()
    began = time.monotonic()
    wait_until(lambda: answers(parts.live), "Valkey")
    assert time.monotonic() - began < 1


def test_an_answer_that_is_an_error_is_an_answer(parts: Parts) -> None:
    with pytest.raises(redis.ResponseError):
        parts.live.execute_command("NO-SUCH-COMMAND")
    assert answers(parts.live)
