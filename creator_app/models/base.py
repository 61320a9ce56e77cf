"""What every table shares: ids, times, JSON columns, names of constraints."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import uuid_utils
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

# Named by rule, so that a migration can find a constraint again on every database.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: JSON that PostgreSQL can index.
JsonColumn = sa.JSON().with_variant(JSONB(), "postgresql")


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """A point in time, stored as UTC; comes back aware also from SQLite, which forgets the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses naive times, and stores the others as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone can't be stored.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives an aware time."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> UUID:
    """A new UUIDv7: unique, and in the order of time."""
    return UUID(int=uuid_utils.uuid7().int)


def utcnow() -> datetime:
    """Now, aware, UTC, by this process's clock; leases use the database's instead."""
    return datetime.now(UTC)


def one_of(column: str, values: type[StrEnum] | tuple[str, ...]) -> sa.CheckConstraint:
    """A check that a column holds one of a few words."""
    words = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({words})", name=column)


def id_field() -> Any:
    """The primary key: a UUIDv7 made here, not by the database."""
    return Field(default_factory=new_id, primary_key=True)


def foreign_key(target: str, *, ondelete: str = "CASCADE", nullable: bool = False, index: bool = True) -> Any:
    """A reference to another table's row."""
    column = sa.ForeignKey(target, ondelete=ondelete)
    default = {"default": None} if nullable else {}
    return Field(sa_type=sa.Uuid, sa_column_args=[column], nullable=nullable, index=index, **default)


def time_field(*, nullable: bool = False, index: bool = False) -> Any:
    """A time: now where left out, or nothing where it may be."""
    if nullable:
        return Field(default=None, sa_type=UTCDateTime, nullable=True, index=index)
    return Field(default_factory=utcnow, sa_type=UTCDateTime, nullable=False, index=index)


def json_field(factory: Any = dict, *, nullable: bool = False) -> Any:
    """A JSON column."""
    if nullable:
        return Field(default=None, sa_type=JsonColumn, nullable=True)
    return Field(default_factory=factory, sa_type=JsonColumn, nullable=False)
