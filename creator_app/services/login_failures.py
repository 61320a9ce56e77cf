"""Counts wrong guesses in the database, so that the limit holds when Valkey is away or was wiped."""

import hashlib
from datetime import timedelta

from sqlalchemy import delete, func
from sqlmodel import col, select

from creator_app.errors import RateLimited
from creator_app.models import LoginFailure
from creator_app.models.base import utcnow
from creator_app.services.unit_of_work import Work

ALLOWED = 10
WINDOW = timedelta(minutes=15)
_KEPT = timedelta(days=1)


def key_of(*parts: str) -> str:
    """What guesses are counted under: a hash, so that no address lies in this table."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def check(work: Work, key: str) -> None:
    """Checks that another guess may be taken.

    Raises:
        RateLimited: ten were wrong within 15 minutes.
    """
    since = utcnow() - WINDOW
    counted = (
        select(func.count())
        .select_from(LoginFailure)
        .where(LoginFailure.key == key, col(LoginFailure.at) > since)
    )
    if work.session.exec(counted).one() >= ALLOWED:
        raise RateLimited(
            "Too many tries.",
            hint="Wait 15 minutes, then try again.",
            retry_after_s=int(WINDOW.total_seconds()),
        )


def add(work: Work, key: str) -> None:
    """Counts a wrong guess, and forgets those that no longer matter."""
    now = utcnow()
    work.session.exec(delete(LoginFailure).where(col(LoginFailure.at) < now - _KEPT))
    work.session.add(LoginFailure(key=key, at=now))
    work.session.flush()


def forget(work: Work, key: str) -> None:
    """A right guess makes the wrong ones before it forgotten."""
    work.session.exec(delete(LoginFailure).where(col(LoginFailure.key) == key))
