"""Queries over recipes together with their versions."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, func, select

from creator_app.models import Recipe, RecipeVersion
from creator_app.repositories.base import BaseRepository


class RecipeVersionRepository(BaseRepository[RecipeVersion]):
    """Reads and writes versions of recipes."""

    model = RecipeVersion

    def current(self, *, enabled: bool | None = None) -> Sequence[tuple[Recipe, RecipeVersion]]:
        """Each recipe with the version that new jobs use, in the operator's order.

        Args:
            enabled: only those that are, or are not, switched on; ``None`` for all.
        """
        statement = (
            select(Recipe, RecipeVersion)
            .join(RecipeVersion, col(RecipeVersion.id) == col(Recipe.current_version_id))
            .order_by(col(Recipe.position), col(Recipe.title))
        )
        if enabled is not None:
            statement = statement.where(col(Recipe.enabled).is_(enabled))
        return self.session.exec(statement).all()

    def of_slug(self, slug: str) -> tuple[Recipe, RecipeVersion] | None:
        """A recipe that is switched on, with its current version."""
        statement = (
            select(Recipe, RecipeVersion)
            .join(RecipeVersion, col(RecipeVersion.id) == col(Recipe.current_version_id))
            .where(Recipe.slug == slug, col(Recipe.enabled))
        )
        return self.session.exec(statement).first()

    def of_hash(self, recipe_id: UUID, content_hash: str) -> RecipeVersion | None:
        """The version of a recipe with this content."""
        rows = self.find_all(recipe_id=recipe_id, hash=content_hash, limit=1)
        return rows[0] if rows else None

    def next_position(self) -> int:
        """The place after the last recipe."""
        highest = self.session.exec(select(func.max(Recipe.position))).one()
        return 0 if highest is None else highest + 1
