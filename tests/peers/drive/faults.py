"""Faults on demand: what goes wrong at Google and on the way there.

The answers' shapes come from "Resolve errors". A fault hits methods by name (``files.list``, ``files.*``,
``upload.chunk``, ``upload.status``, ``oauth.token``), with a probability from a seeded dice, a number of
times.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from .errors import ApiError, file_not_found, invalid_credentials, scope_missing, storage_full

_PROJECT = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service"
    " 'drive.googleapis.com'"
)
#: kind → the error
ERRORS: Mapping[str, ApiError] = {
    "authError": invalid_credentials(),
    "insufficientPermissions": scope_missing(),
    "storageQuotaExceeded": storage_full(),
    "rateLimitExceeded": ApiError(403, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits"),
    "userRateLimitExceeded": ApiError(
        403, "userRateLimitExceeded", "User Rate Limit Exceeded", domain="usageLimits"
    ),
    "dailyLimitExceeded": ApiError(403, "dailyLimitExceeded", "Daily Limit Exceeded", domain="usageLimits"),
    "notFound": file_not_found("."),
    "429": ApiError(429, "rateLimitExceeded", _PROJECT, domain="usageLimits"),
    "500": ApiError(500, "internalError", "Internal Error"),
    "502": ApiError(502, "badGateway", "Bad Gateway"),
    "503": ApiError(503, "backendError", "The service is currently unavailable."),
}
#: Broken connections: before the request is answered or acted on; in the middle of its body; in the middle of
#: the answer's body; after it was acted on, before the answer.
CUTS = ("cut_before", "cut_request", "cut_response", "cut_after")
#: Waiting before a call is acted on (not at all where the client has gone by then), or after it, before the
#: answer.
DELAYS = ("slow", "slow_answer")


@dataclass
class Fault:
    """A rule.

    Attributes:
        kind: a key of `ERRORS`, one of `CUTS` or of `DELAYS`.
        method: a name, or a pattern with ``*``.
        probability: of hitting a call that it fits.
        times: how often it hits at most; ``None`` for no end.
        skip: calls it lets pass first.
        user: e-mail of the one user whose calls it hits.
        seconds: how long `DELAYS` wait.
        retry_after: seconds for the ``Retry-After`` header.
        after_bytes: where ``cut_request`` and ``cut_response`` cut; the middle by default.
        reset: a cut is a reset of the connection instead of its end. (After a plain end without an answer,
            httplib2 sends any request once more by itself; after a reset it raises.)
        hits: how often it has hit.
    """

    kind: str
    method: str = "*"
    probability: float = 1.0
    times: int | None = None
    skip: int = 0
    user: str | None = None
    seconds: float = 0.0
    retry_after: int | None = None
    after_bytes: int | None = None
    reset: bool = False
    hits: int = 0

    def error(self) -> ApiError | None:
        told = ERRORS.get(self.kind)
        if told is None:
            return None
        after = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return ApiError(
            told.status,
            told.reason,
            told.message,
            domain=told.domain,
            location=told.location,
            location_type=told.location_type,
            headers=told.headers | after,
        )


@dataclass
class Faults:
    """The rules in force; the first that fits a call hits it, `DELAYS` beside it."""

    rules: list[Fault] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def add(self, kind: str, method: str = "*", **more: object) -> Fault:
        """Raises: ValueError: there is no such kind."""
        if kind not in (known := (*ERRORS, *CUTS, *DELAYS)):
            raise ValueError(f"no fault {kind!r}: {', '.join(known)}")
        rule = Fault(kind, method, **more)  # type: ignore[arg-type]
        self.rules.append(rule)
        return rule

    def seed(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def clear(self) -> None:
        self.rules.clear()

    def take(self, method: str, user: str | None) -> list[Fault]:
        """The faults for a call that has just come in."""
        found: list[Fault] = []
        for rule in list(self.rules):
            done = any(one.kind not in DELAYS for one in found)
            if (rule.kind not in DELAYS and done) or not self._hits(rule, method, user):
                continue
            rule.hits += 1
            found.append(rule)
        return found

    def _hits(self, rule: Fault, method: str, user: str | None) -> bool:
        fits = fnmatchcase(method, rule.method) and rule.user in (None, user)
        if not fits or (rule.times is not None and rule.hits >= rule.times):
            return False
        if rule.skip > 0:
            rule.skip -= 1
            return False
        return self.dice.random() < rule.probability
