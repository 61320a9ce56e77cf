"""Virtual time: who is next, and how many come before."""

from creator_app.domain.fairness import Share, jobs_before, next_turn, start_tag


def test_who_was_away_starts_at_the_clock() -> None:
    assert start_tag(3.0, 10.0) == 10.0
    assert start_tag(12.0, 10.0) == 12.0


def test_a_bigger_weight_comes_again_sooner() -> None:
    assert next_turn(10.0, 1.0) == 11.0
    assert next_turn(10.0, 4.0) == 10.25


def test_a_single_job_has_one_of_each_other_account_before_it_at_most() -> None:
    own = Share(turn=0.0, weight=1.0, queued=1)
    others = [Share(0.0, 1.0, 100), Share(0.0, 1.0, 1), Share(10.5, 1.0, 100)]
    assert jobs_before(own, 0, others, clock=10.0) == [1, 1, 0]


def test_own_jobs_ahead_let_others_in_between() -> None:
    own = Share(turn=0.0, weight=1.0, queued=3)
    assert jobs_before(own, 2, [Share(0.0, 1.0, 100), Share(0.0, 2.0, 100)], clock=0.0) == [3, 5]


def test_the_numbers_are_those_of_the_line_itself() -> None:
    """Serving by the rule, job by job, gives what `jobs_before` says."""
    turns = {"me": 4.0, "ann": 3.2, "bob": 6.0}
    weights = {"me": 1.0, "ann": 2.0, "bob": 1.0}
    queued = {"me": 4, "ann": 7, "bob": 2}
    clock = 3.0
    own = Share(turns["me"], weights["me"], queued["me"])
    others = [Share(turns[name], weights[name], queued[name]) for name in ("ann", "bob")]
    promised = jobs_before(own, 3, others, clock)
    served: list[str] = []
    while served.count("me") < 4:
        waiting = [name for name in ("ann", "bob", "me") if queued[name]]
        name = min(waiting, key=lambda one: start_tag(turns[one], clock))
        clock = start_tag(turns[name], clock)
        turns[name] = next_turn(clock, weights[name])
        queued[name] -= 1
        served.append(name)
    assert promised == [served.count("ann"), served.count("bob")]
