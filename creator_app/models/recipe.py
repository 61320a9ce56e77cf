"""Recipes and their immutable versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, id_field, json_field, time_field


class Recipe(SQLModel, table=True):
    """What creators choose from."""

    __tablename__ = "recipe"

    id: UUID = id_field()
    slug: str = Field(unique=True)
    title: str
    enabled: bool = True
    #: No foreign key: the two tables would refer to each other.
    current_version_id: UUID | None = Field(default=None, sa_type=sa.Uuid, nullable=True)
    position: int = 0
    created_at: datetime = time_field()


class RecipeVersion(SQLModel, table=True):
    """A recipe as it was; never changed, so that an old job can always be explained and run again."""

    __tablename__ = "recipe_version"
    __table_args__ = (sa.UniqueConstraint("recipe_id", "hash"),)

    id: UUID = id_field()
    recipe_id: UUID = foreign_key("recipe.id")
    hash: str
    manifest: dict[str, Any] = json_field()
    workflow: dict[str, Any] = json_field()
    created_at: datetime = time_field()
