"""What a chaos run found, for people."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from creator_app.infrastructure.crash_points import POINTS
from tests.chaos.audit import Rows, Verdict
from tests.chaos.load import Ledger
from tests.chaos.recovery import Recovery


def of_jobs(rows: Rows, ledger: Ledger, took: timedelta) -> str:
    """How the jobs ended, and what it cost."""
    states = Counter(job.status for job in rows.jobs)
    errors = Counter(job.error_code for job in rows.jobs if job.status == "failed")
    outcomes = Counter(attempt.outcome for attempt in rows.attempts)
    resent = sum(one.sent > 1 for one in ledger.accepted)
    lines = [
        ("accepted", len(ledger.accepted)),
        *((state, count) for state, count in sorted(states.items())),
        *((f"  failed: {code}", count) for code, count in sorted(errors.items(), key=str)),
        ("attempts", len(rows.attempts)),
        *((f"  {outcome}", count) for outcome, count in sorted(outcomes.items(), key=str)),
        ("takeovers", sum(attempt.takeovers for attempt in rows.attempts)),
        ("answer lost, handed in again", resent),
        ("answered with 503", ledger.busy),
        ("repeats with the same key", ledger.repeats),
        ("cancels asked for", ledger.cancels),
        ("seconds", round(took.total_seconds())),
    ]
    return "\n".join(f"{name:32}{value:8}" for name, value in lines)


def of_recoveries(recoveries: Sequence[Recovery], armed: Sequence[str], missed: Sequence[str]) -> str:
    """How often each fault was done, and how long until what it hit went on."""
    lines = [f"{'fault':32}{'times':>8}{'hit':>8}{'median s':>10}{'worst s':>10}"]
    for one in sorted(recoveries, key=lambda one: one.kind):
        lines.append(f"{one.kind:32}{one.times:8}{_seconds(one.seconds)}")
    everything = [seconds for one in recoveries for seconds in one.seconds]
    lines.append(f"{'all':32}{sum(one.times for one in recoveries):8}{_seconds(everything)}")
    lines += [f"found nobody to hurt: {kind} ×{count}" for kind, count in Counter(missed).items()]
    hits = Counter({one.kind.removeprefix("crash at "): one.times for one in recoveries})
    lines += ["", f"{'crash point':32}{'armed':>8}{'hits':>8}"]
    lines += [f"{point:32}{armed.count(point):8}{hits[point]:8}" for point in POINTS]
    return "\n".join(lines)


def of_verdicts(verdicts: Sequence[Verdict]) -> str:
    """Which promises were kept."""
    return "\n".join(f"{'BROKEN' if verdict.broken else 'kept':8}{verdict.rule}" for verdict in verdicts)


def _seconds(seconds: Sequence[float]) -> str:
    if not seconds:
        return f"{0:8}{'-':>10}{'-':>10}"
    return f"{len(seconds):8}{median(seconds):10.1f}{max(seconds):10.1f}"
