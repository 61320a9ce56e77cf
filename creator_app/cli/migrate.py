"""``creator_app migrate``: brings the database to the newest version of the tables."""

import typer
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from creator_app.bootstrap import get_creator
from creator_app.config import get_settings
from creator_app.errors import CreatorError
from creator_app.models import User
from creator_app.supervise.bundle import ROOT
from creator_app.supervise.home import SETUP_CODE, Home


class MigrationFailed(CreatorError):
    """The tables could not be brought up to date."""

    code = "migration_failed"
    default_hint = "Look at DATABASE_URL and at whether the database answers."


def migrate(
    revision: str = typer.Argument("head", help="The version to go to."),
    setup_code: bool = typer.Option(False, "--setup-code", help="Also make the code for the first account."),
) -> None:
    """Brings the database's tables up to date."""
    upgrade(revision)
    if setup_code:
        _keep_setup_code()
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


def _keep_setup_code() -> None:
    """There is a set-up code for as long as nobody can sign in."""
    creator = get_creator()
    with creator.uow.read() as work:
        someone = work.session.exec(
            select(User.id).where(col(User.password_hash).is_not(None)).limit(1)
        ).first()
    if someone is None:
        Home(creator.settings.creator_home).secret(SETUP_CODE)
    else:
        (creator.settings.creator_home / "secrets" / SETUP_CODE).unlink(missing_ok=True)


def alembic_config() -> Config:
    """Alembic's settings, wherever this is started from."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "alembic").replace("%", "%%"))
    return config
