"""``creator_app migrate``: brings the database to the newest version of the tables."""

import typer
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from creator_app.config import get_settings
from creator_app.errors import CreatorError
from creator_app.supervise.bundle import ROOT


class MigrationFailed(CreatorError):
    """The tables could not be brought up to date."""

    code = "migration_failed"
    default_hint = "Look at DATABASE_URL and at whether the database answers."


def migrate(revision: str = typer.Argument("head", help="The version to go to.")) -> None:
    """Brings the database's tables up to date."""
    upgrade(revision)
    typer.echo("The database is up to date.")


def upgrade(revision: str = "head") -> None:
    """Applies the migrations that are missing.

    Args:
        revision: where to go.

    Raises:
        MigrationFailed: the database does not answer, or a migration failed and was taken back.
    """
    get_settings().creator_home.mkdir(parents=True, exist_ok=True)
    try:
        command.upgrade(alembic_config(), revision)
    except SQLAlchemyError as error:
        raise MigrationFailed(f"The database can't be used: {str(error).splitlines()[0]}") from error


def alembic_config() -> Config:
    """Alembic's settings, wherever this is started from."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "alembic").replace("%", "%%"))
    return config
