"""Ranges of time out of past runs."""

from creator_app.domain.expectations import NOTHING, Span, left, until_start, usual


def test_nothing_is_promised_without_a_past() -> None:
    assert usual([]) is None


def test_few_runs_give_a_wide_range_and_many_their_middle_half() -> None:
    assert usual([10.0]) == Span(7.0, 13.0)
    found = usual([8.0, 9.0, 10.0, 11.0, 100.0])
    assert found == Span(9.0, 11.0), "one slow run frightens nobody"


def test_what_has_passed_is_taken_off_and_never_below_nothing() -> None:
    assert left(Span(7.0, 13.0), 10.0) == Span(0.0, 3.0)


def test_slots_share_the_work_before() -> None:
    assert until_start(Span(20.0, 40.0), [Span(0.0, 4.0)], slots=2) == Span(10.0, 22.0)
    assert until_start(NOTHING, [], slots=1) == NOTHING
