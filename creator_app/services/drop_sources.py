"""Drives and directories that are looked at: when next, from where on, and when to leave one alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from creator_app.infrastructure.database import db_now
from creator_app.models import Delivery, DropFile, DropFolder, DropSource
from creator_app.repositories.drops import DropSourceRepository
from creator_app.services import errands
from creator_app.services.errands import Errand
from creator_app.services.unit_of_work import ErrandWanted, FoldersChanged, Work

_CALM_AT: Final = 30
_LONGEST_BACKOFF: Final = timedelta(minutes=5)
_LONGEST_HOLD: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Pace:
    """How often a place is looked at.

    Attributes:
        shortest: between two looks while something happens.
        longest: between two looks when nothing has happened for a while.
        listing: between two full listings, which are the truth.
    """

    shortest: timedelta
    longest: timedelta
    listing: timedelta

    def next(self, calm_looks: int) -> timedelta:
        """The time to the next look: it grows slowly while nothing happens."""
        over = max(0, calm_looks - 3)
        return min(self.longest, self.shortest * (1.25 ** min(over, _CALM_AT)))


def claim(work: Work, limit: int, lease: timedelta = errands.LEASE) -> list[Errand]:
    """Places whose time for a look has come, for this courier alone."""
    due = DropSourceRepository(work.session).due(db_now(work.session), limit)
    return errands.lend(work, due, lease)


def looked(
    work: Work, errand: Errand, *, token: str | None, listed: bool, news: bool, pace: Pace, started: datetime
) -> None:
    """Notes that a look ended well.

    Args:
        work: a writing transaction.
        errand: whose look it was.
        token: where the next one begins.
        listed: every folder was listed.
        news: something was found.
        pace: how soon the next one comes.
        started: when the look began: a wish for another one that came since counts.

    Raises:
        LeaseLost: somebody else looks there now.
    """
    row = errands.held(work, errand, DropSource)
    now = db_now(work.session)
    row.token = token
    row.calm_looks = 0 if news else row.calm_looks + 1
    row.looked_at = now
    row.failures = 0
    row.last_error = None
    if listed:
        row.listed_at = now
        if row.next_listing_at <= started:
            row.next_listing_at = now + pace.listing
    if row.next_look_at <= started:
        row.next_look_at = min(now + pace.next(row.calm_looks), row.next_listing_at)
    errands.let_go(row)
    work.session.add(row)


def looked_in_vain(work: Work, errand: Errand, reason: str, wait: timedelta | None = None) -> None:
    """Notes that a look failed; the next ones come slower and slower until one works.

    Raises:
        LeaseLost: somebody else looks there now.
    """
    row = errands.held(work, errand, DropSource)
    row.failures += 1
    row.last_error = reason[:500]
    backoff = min(_LONGEST_BACKOFF, timedelta(seconds=2) * 2 ** min(row.failures - 1, 10))
    row.next_look_at = db_now(work.session) + (wait if wait is not None else backoff)
    errands.let_go(row)
    work.session.add(row)


def hold(work: Work, source_id: UUID, seconds: float | None) -> None:
    """Leaves a place alone for a while because it asked for that; every process keeps to it."""
    row = work.session.get(DropSource, source_id, with_for_update=True)
    if row is None:
        return
    until = db_now(work.session) + min(_LONGEST_HOLD, timedelta(seconds=max(1.0, seconds or 5.0)))
    row.held_until = max(row.held_until, until) if row.held_until else until
    work.session.add(row)


def look_soon(work: Work, source_id: UUID, *, listing: bool = False) -> None:
    """Has a place looked at as soon as possible."""
    row = work.session.get(DropSource, source_id, with_for_update=True)
    if row is None:
        return
    now = db_now(work.session)
    row.next_look_at = now
    row.calm_looks = 0
    if listing:
        row.next_listing_at = now
    work.session.add(row)
    work.tell(ErrandWanted())


def list_all_soon(work: Work) -> None:
    """Has every place listed anew: at the start of a courier nobody knows what was missed."""
    now = db_now(work.session)
    for row in work.session.exec(select(DropSource).where(DropSource.state == "ok").with_for_update()):
        row.next_look_at = row.next_listing_at = now
        work.session.add(row)


def back_again(work: Work, source_id: UUID) -> None:
    """Goes on where it stopped, after access was given again: looks, files and deliveries are due now."""
    row = work.session.get(DropSource, source_id, with_for_update=True)
    if row is None:
        return
    now = db_now(work.session)
    row.state = "ok"
    row.held_until = None
    row.failures = 0
    row.last_error = None
    row.next_look_at = row.next_listing_at = now
    work.session.add(row)
    folders = list(work.session.exec(select(DropFolder.id).where(DropFolder.source_id == source_id)))
    for file in work.session.exec(
        select(DropFile).where(col(DropFile.folder_id).in_(folders), DropFile.state == "seen")
    ):
        file.next_at = now
        work.session.add(file)
    hurry(work, folders)
    work.tell(ErrandWanted())
    work.tell(FoldersChanged(row.account_id))


def hurry(work: Work, folder_ids: Sequence[UUID]) -> None:
    """Makes what waits to be delivered to these folders due now."""
    now = db_now(work.session)
    waiting = select(Delivery).where(
        col(Delivery.folder_id).in_(folder_ids), col(Delivery.state).in_(("waiting", "sending"))
    )
    for row in work.session.exec(waiting.with_for_update()):
        row.next_at = now
        work.session.add(row)
