"""Every picture that came in or went out."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, id_field, one_of, time_field


class Asset(SQLModel, table=True):
    """A file in storage: an input, an output, a sample."""

    __tablename__ = "asset"
    __table_args__ = (one_of("kind", ("input", "output", "sample")),)

    id: UUID = id_field()
    account_id: UUID = foreign_key("account.id")
    kind: str
    sha256: str = Field(index=True)
    size_bytes: int = Field(sa_type=sa.BigInteger)
    content_type: str
    filename: str
    width: int | None = None
    height: int | None = None
    storage_key: str
    created_at: datetime = time_field()
