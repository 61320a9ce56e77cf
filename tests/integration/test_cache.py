"""The cache over a real Valkey, and without one."""

import time
from datetime import UTC, datetime
from uuid import UUID

import pytest

from creator_app.infrastructure.cache import Cache, cache_result, use_cache
from creator_app.infrastructure.redis import Breaker, answers, helping_client, redis_client


@pytest.fixture
def cache(redis_url):
    with redis_client(redis_url) as client:
        yield Cache(client)
    use_cache(None)


@pytest.fixture
def away():
    return Cache(helping_client("redis://127.0.0.1:1/0", Breaker()))


def counting(cache, ttl_s=60, name="answers", result=lambda x: {"x": x}):
    calls = []

    @cache.cache_result(ttl_s=ttl_s, name=name)
    def answer(x, **more):
        calls.append(x)
        return result(x)

    return answer, calls


def test_a_value_is_kept_for_its_time(cache):
    assert cache.set("a", {"n": [1, "ü", None]}, ttl_s=0.2)
    assert cache.get("a") == {"n": [1, "ü", None]}
    time.sleep(0.25)
    assert cache.get("a", "gone") == "gone"


def test_deleted_is_gone(cache):
    cache.set("a", 1, ttl_s=60)
    cache.delete("a")
    assert cache.get("a") is None


@pytest.mark.parametrize("value", [(1, 2), {1: "a"}, object(), b"x", float("nan")])
def test_what_would_come_back_as_something_else_is_not_kept(cache, value):
    assert not cache.set("a", value, ttl_s=60)
    assert cache.get("a") is None


def test_a_result_is_computed_once(cache):
    answer, calls = counting(cache)
    assert [answer(1), answer(1), answer(2)] == [{"x": 1}, {"x": 1}, {"x": 2}]
    assert calls == [1, 2]


def test_none_is_a_result_too(cache):
    answer, calls = counting(cache, result=lambda x: None)
    assert [answer(1), answer(1)] == [None, None]
    assert calls == [1]


def test_arguments_that_look_alike_are_told_apart(cache):
    answer, calls = counting(cache)
    moment, some_id = datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)
    different = [1, "1", 1.5, True, None, moment, str(moment), some_id, str(some_id), [1], {"1": 1}]
    for value in different:
        answer(value) if value is not moment and value is not some_id else answer("x", at=value)
    answer("x", at=str(moment))
    assert len(calls) == len(different) + 1


def test_an_argument_without_a_lasting_text_is_refused(cache):
    answer, _ = counting(cache)
    with pytest.raises(TypeError, match="object"):
        answer(object())


def test_results_are_forgotten_by_pattern(cache):
    first, first_calls = counting(cache, name="recipes")
    second, second_calls = counting(cache, name="plans")
    for number in range(1200):
        cache.set(f"recipes:filler:{number}", number, ttl_s=60)
    first(1), second(1)
    assert cache.invalidate("recipes:*") == 1201
    first(1), second(1)
    assert (first_calls, second_calls) == ([1, 1], [1])


def test_invalidation_leaves_other_keys_alone(cache, redis_url):
    with redis_client(redis_url) as client:
        client.set("creator:job:1:progress", "x")
        cache.set("a", 1, ttl_s=60)
        assert cache.invalidate("*") == 1
        assert client.get("creator:job:1:progress") == b"x"


def test_the_processs_cache_is_used_when_there_is_one(cache):
    calls = []

    @cache_result(ttl_s=60)
    def answer(x):
        calls.append(x)
        return x

    answer(1), answer(1)
    use_cache(cache)
    answer(1), answer(1)
    assert calls == [1, 1, 1]


def test_without_redis_functions_are_simply_called(away):
    answer, calls = counting(away)
    assert [answer(1), answer(1)] == [{"x": 1}, {"x": 1}]
    assert calls == [1, 1]
    assert away.invalidate("*") == 0


def test_a_redis_that_is_away_is_not_asked_each_time(away):
    away.get("a")
    began = time.perf_counter()
    for _ in range(100):
        away.get("a")
    assert time.perf_counter() - began < 0.1


def test_the_cache_works_again_after_redis_came_back(valkey):
    with redis_client(valkey.url) as client:
        cache = Cache(client)
        cache.set("a", 1, ttl_s=60)
        valkey.stop()
        assert cache.get("a") is None
        assert not answers(client)
        valkey.start()
        assert cache.set("a", 2, ttl_s=60)
        assert cache.get("a") == 2


def test_a_value_that_is_damaged_counts_as_none(cache, redis_url):
    with redis_client(redis_url) as client:
        client.set("creator:cache:a", b"{not json")
    assert cache.get("a", "default") == "default"
