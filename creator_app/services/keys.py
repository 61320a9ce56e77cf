"""Brings every stored secret under the first encryption key, so that an old key can be taken away."""

from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import select as rows
from sqlmodel import SQLModel, col

from creator_app.errors import EncryptionError
from creator_app.infrastructure.logging import get_logger
from creator_app.models import ComfyServer, OAuthFlow, OAuthGrant
from creator_app.services.unit_of_work import UnitOfWork

log = get_logger(__name__)

_BATCH: Final = 100
#: Every column with a secret in it; a test holds this against the tables.
ENCRYPTED: Final[tuple[tuple[type[Any], tuple[str, ...]], ...]] = (
    (OAuthGrant, ("access_token_encrypted", "refresh_token_encrypted")),
    (OAuthFlow, ("verifier_encrypted",)),
    (ComfyServer, ("headers_encrypted",)),
)


class Ring(Protocol):
    """Keys: the first encrypts, all decrypt."""

    def needs_rotation(self, ciphertext: str) -> bool:
        """Whether it was made with a key that is not the first."""

    def rotate(self, ciphertext: str) -> str:
        """The same secret under the first key."""


@dataclass
class Rotation:
    """What came of it.

    Attributes:
        changed: secrets that are under the first key now.
        fine: those that were already.
        lost: those that none of the keys opens; they stay as they are.
    """

    changed: int = 0
    fine: int = 0
    lost: int = 0


def rotate(uow: UnitOfWork, ring: Ring) -> Rotation:
    """Encrypts every secret anew that is not under the first key. Safe to repeat, and to be killed within.

    Each row is read and written in one transaction, so that a token that is renewed meanwhile is not undone.

    Args:
        uow: opens transactions.
        ring: the keys.
    """
    done = Rotation()
    for model, columns in ENCRYPTED:
        after: UUID | None = None
        while ids := _next_ids(uow, model, after):
            with uow.write() as work:
                for row_id in ids:
                    row = work.session.get(model, row_id, with_for_update=True)
                    if row is not None:
                        _rotate_row(row, columns, ring, done)
                        work.session.add(row)
            after = ids[-1]
    return done


def _next_ids(uow: UnitOfWork, model: type[Any], after: UUID | None) -> list[UUID]:
    with uow.read() as work:
        statement = rows(col(model.id)).order_by(col(model.id)).limit(_BATCH)
        if after is not None:
            statement = statement.where(col(model.id) > after)
        return list(work.session.execute(statement).scalars())


def _rotate_row(row: SQLModel, columns: tuple[str, ...], ring: Ring, done: Rotation) -> None:
    for column in columns:
        ciphertext = getattr(row, column)
        if ciphertext is None:
            continue
        try:
            if ring.needs_rotation(ciphertext):
                setattr(row, column, ring.rotate(ciphertext))
                done.changed += 1
            else:
                done.fine += 1
        except EncryptionError as error:
            done.lost += 1
            log.warning("secret_not_rotated", table=row.__tablename__, column=column, error=error.message)
