"""The queries that every table has."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, SQLModel, select

Model = TypeVar("Model", bound=SQLModel)


class BaseRepository(Generic[Model]):
    """Reads and writes rows of one table in the caller's transaction; never commits.

    Subclasses set `model`.

    Args:
        session: the transaction.
    """

    model: ClassVar[type[Any]]

    def __init__(self, session: Session) -> None:
        self.session = session

    def find_by_id(self, row_id: UUID | int | str) -> Model | None:
        """The row with this primary key, or ``None``."""
        return self.session.get(self.model, row_id)

    def find_all(self, *, limit: int = 100, offset: int = 0, **equals: Any) -> Sequence[Model]:
        """Rows whose columns equal the values given, in the order of their primary key."""
        order = list(self.model.__table__.primary_key)
        statement = select(self.model).filter_by(**equals).order_by(*order).limit(limit).offset(offset)
        return self.session.exec(statement).all()

    def create(self, row: Model) -> Model:
        """Adds a row, and sends it to the database so that a broken rule shows here."""
        self.session.add(row)
        self.session.flush()
        return row

    def bulk_create(self, rows: Iterable[Model]) -> Sequence[Model]:
        """Adds several rows in one go."""
        added = list(rows)
        self.session.add_all(added)
        self.session.flush()
        return added

    def update(self, row: Model, **values: Any) -> Model:
        """Changes columns of a row.

        Raises:
            AttributeError: there is no such column.
        """
        for name, value in values.items():
            if name not in self.model.__table__.columns:
                raise AttributeError(f"{self.model.__name__} has no column {name!r}.")
            setattr(row, name, value)
        self.session.add(row)
        self.session.flush()
        return row

    def delete(self, row: Model) -> None:
        """Removes a row."""
        self.session.delete(row)
        self.session.flush()

    def count(self, **equals: Any) -> int:
        """How many rows have these values."""
        statement = select(func.count()).select_from(self.model).filter_by(**equals)
        return self.session.exec(statement).one()

    def exists(self, **equals: Any) -> bool:
        """Whether any row has these values."""
        return (
            self.session.exec(select(1).select_from(self.model).filter_by(**equals).limit(1)).first()
            is not None
        )
