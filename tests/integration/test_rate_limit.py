"""Rates over a real Valkey, and counted here while it is away."""

import threading
import time

import pytest

from creator_app.errors import RateLimited
from creator_app.infrastructure.rate_limit import RateLimiter
from creator_app.infrastructure.redis import redis_client


@pytest.fixture(params=["shared", "here", "away"])
def limiter(request):
    if request.param == "here":
        return RateLimiter()
    if request.param == "away":
        return RateLimiter(redis_client("redis://127.0.0.1:1/0"))
    return RateLimiter(redis_client(request.getfixturevalue("redis_url")))


def test_what_the_rule_allows_passes_and_no_more(limiter):
    for _ in range(3):
        limiter.hit("3/minute", "login", "ann")
    with pytest.raises(RateLimited) as caught:
        limiter.hit("3/minute", "login", "ann")
    assert 1 <= caught.value.retry_after_s <= 60
    assert str(caught.value.retry_after_s) in caught.value.hint


def test_each_key_is_counted_for_itself(limiter):
    limiter.hit("1/minute", "login", "ann")
    limiter.hit("1/minute", "login", "bob")
    limiter.hit("1/minute", "upload", "ann")


def test_it_passes_again_after_the_time_that_was_told(limiter):
    limiter.hit("1/second", "ann")
    with pytest.raises(RateLimited) as caught:
        limiter.hit("1/second", "ann")
    time.sleep(caught.value.retry_after_s + 0.1)
    limiter.hit("1/second", "ann")


def test_a_rule_that_cannot_be_read_is_refused(limiter):
    with pytest.raises(ValueError, match="many"):
        limiter.hit("many", "ann")


def test_two_processes_share_one_count(redis_url):
    first, second = (RateLimiter(redis_client(redis_url)) for _ in range(2))
    first.hit("1/minute", "ann")
    with pytest.raises(RateLimited):
        second.hit("1/minute", "ann")


def test_a_crowd_gets_exactly_what_the_rule_allows(redis_url):
    limiter = RateLimiter(redis_client(redis_url))
    passed = []

    def try_often():
        for _ in range(20):
            try:
                limiter.hit("25/minute", "crowd")
                passed.append(1)
            except RateLimited:
                pass

    threads = [threading.Thread(target=try_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 25
