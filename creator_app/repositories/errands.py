"""What queries for work that is handed out by leases share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from creator_app.models import Delivery, DropFile

Row = TypeVar("Row")


def is_over(until: Any, now: datetime) -> sa.ColumnElement[bool]:
    """Whether a time that may not be set has passed: a lease, or a wish to be left alone."""
    return sa.or_(col(until).is_(None), col(until) <= now)


def under_way(session: Session, model: type[DropFile] | type[Delivery], now: datetime) -> dict[UUID, int]:
    """How many rows of each account somebody holds."""
    statement = (
        sa.select(col(model.account_id), sa.func.count())
        .where(col(model.lease_until) > now)
        .group_by(col(model.account_id))
    )
    return {account: count for account, count in session.execute(statement) if account is not None}


def in_turns(lanes: Sequence[Sequence[Row]], limit: int) -> list[Row]:
    """One of each lane, then the second of each, …"""
    longest = max((len(lane) for lane in lanes), default=0)
    turns = [lane[place] for place in range(longest) for lane in lanes if place < len(lane)]
    return turns[:limit]
