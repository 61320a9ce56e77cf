"""A database with the shipped recipes, for tests of recipes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import SQLModel

from creator_app.infrastructure.database import Database
from creator_app.models import Account, Asset, RecipeVersion
from creator_app.services import recipes
from creator_app.services.recipe_folders import shipped_folders
from creator_app.services.recipes import PreparedJob
from creator_app.services.unit_of_work import Work

SLUGS = [path.name for path in shipped_folders()]


class World:
    """A database with the shipped recipes and one account."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        SQLModel.metadata.create_all(self.database.engine)
        with self.work() as work:
            account = Account(name="ann")
            work.session.add(account)
            work.session.flush()
            self.account_id = account.id
            recipes.sync_shipped(work)

    @contextmanager
    def work(self) -> Iterator[Work]:
        with self.database.write() as session:
            yield Work(session)

    def asset(self, width: int = 320, height: int = 213, content_type: str = "image/png") -> Asset:
        return Asset(
            account_id=self.account_id,
            kind="input",
            sha256="0" * 64,
            size_bytes=1,
            content_type=content_type,
            filename="photo.png",
            width=width,
            height=height,
            storage_key=f"inputs/{uuid4()}",
        )

    def prepare(self, slug: str, values: dict[str, Any] | None = None, **assets: Asset) -> PreparedJob:
        with self.work() as work:
            return recipes.prepare(work, slug, values or {}, assets)

    def version(self, version_id: UUID) -> RecipeVersion:
        with self.work() as work:
            version = work.session.get(RecipeVersion, version_id)
            assert version is not None
            return version
