"""When an automatic new attempt is made."""

from creator_app.domain.retries import MAX_ATTEMPTS, may_try_again, wait_before


def test_what_a_repeat_cannot_mend_is_not_repeated() -> None:
    assert not may_try_again(1, retryable=False)


def test_attempts_are_bounded() -> None:
    assert may_try_again(MAX_ATTEMPTS - 1, retryable=True)
    assert not may_try_again(MAX_ATTEMPTS, retryable=True)


def test_the_wait_grows_and_ends_at_a_minute() -> None:
    waits = [wait_before(n).total_seconds() for n in range(1, 8)]
    assert waits[:3] == [1, 3, 9]
    assert waits == sorted(waits)
    assert max(waits) == 60
