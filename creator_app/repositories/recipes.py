"""Queries over recipes."""

from creator_app.models import Recipe
from creator_app.repositories.base import BaseRepository


class RecipeRepository(BaseRepository[Recipe]):
    """Reads and writes recipes."""

    model = Recipe
