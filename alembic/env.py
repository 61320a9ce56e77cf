"""How Alembic reaches the database. Imports models and config only."""

import sqlalchemy as sa
from sqlmodel import SQLModel

import creator_app.models  # noqa: F401  fills the metadata
from alembic import context
from creator_app.config import get_settings
from creator_app.infrastructure.database import normal_url
from creator_app.models.base import JsonColumn, UTCDateTime


def _url() -> str:
    given = context.config.get_main_option("sqlalchemy.url") or context.get_x_argument(
        as_dictionary=True
    ).get("url")
    return normal_url(given or get_settings().database_url)


def _render(kind: str, item: object, autogen: object) -> str | bool:
    # Migrations must not change when the models' helper types do.
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is JsonColumn:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")  # type: ignore[attr-defined]
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def run() -> None:
    """Applies migrations in one transaction where the database can."""
    engine = sa.create_engine(_url(), poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            # A table that is rebuilt is dropped for a moment: rows that refer to it must not go with it.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=_render,
            transactional_ddl=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
