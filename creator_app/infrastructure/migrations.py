"""Brings a database's tables to a version, by Alembic."""

from pathlib import Path

from alembic.config import Config

from alembic import command
from creator_app.infrastructure.database import normal_url

_ROOT = Path(__file__).parents[2]


def upgrade(url: str, revision: str = "head") -> None:
    """Applies the migrations that are missing, in one transaction where the database can.

    Args:
        url: of the database; see `creator_app.infrastructure.database.Database`.
        revision: where to go.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database does not answer, or a migration failed.
    """
    command.upgrade(migration_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Takes migrations back; ``base`` takes back all.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database does not answer, or a migration failed.
    """
    command.downgrade(migration_config(url), revision)


def migration_config(url: str) -> Config:
    """Alembic's settings for one database, wherever this is started from."""
    config = Config(str(_ROOT / "alembic.ini"))
    config.set_main_option("script_location", _option(str(_ROOT / "alembic")))
    config.set_main_option("sqlalchemy.url", _option(normal_url(url)))
    return config


def _option(text: str) -> str:
    return text.replace("%", "%%")  # the file's format would replace what follows a "%"
