"""How long each kind of node took in past runs of a recipe."""

from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


class NodeTiming(SQLModel, table=True):
    """A moving average, so that progress can be weighted by what takes long."""

    __tablename__ = "node_timing"

    recipe_version_id: UUID = Field(
        sa_type=sa.Uuid,
        sa_column_args=[sa.ForeignKey("recipe_version.id", ondelete="CASCADE")],
        primary_key=True,
    )
    node_class: str = Field(primary_key=True)
    seconds: float
    runs: int = 1
