"""``creator_app migrate``: brings the database to the newest version of the tables."""

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from creator_app.bootstrap import Creator, get_creator
from creator_app.errors import CreatorError
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import User
from creator_app.services import servers
from creator_app.services.recipes import sync_shipped
from creator_app.supervise.home import SETUP_CODE, Home


class MigrationFailed(CreatorError):
    """The tables could not be brought up to date."""

    code = "migration_failed"
    default_hint = "Look at DATABASE_URL, and at whether the database answers."


def migrate(
    revision: str = typer.Argument("head", help="The version to go to."),
    setup_code: bool = typer.Option(False, "--setup-code", help="Also make the code for the first account."),
) -> None:
    """Brings the database's tables up to date."""
    creator = get_creator()
    creator.settings.creator_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        upgrade(creator.settings.database_url, revision)
        if revision == "head":
            publish_what_ships(creator)
            prepare_storage(creator)
        if setup_code:
            keep_setup_code(creator)
    except SQLAlchemyError as error:
        raise MigrationFailed(f"The database can't be used: {str(error).splitlines()[0]}") from error
    typer.echo("The database is up to date.")


def publish_what_ships(creator: Creator) -> None:
    """Puts the recipes that ship, and the servers that the settings name, into the tables."""
    with creator.uow.write() as work:
        sync_shipped(work)
        servers.register(work, creator.settings.comfyui_servers, creator.encryptor.encrypt_dict)


def prepare_storage(creator: Creator) -> None:
    """Makes folder or bucket and sets its rules; a server that is away just now is only told of.

    Creator starts all the same: it says by itself that it is not ready, and goes on when the server is back.
    """
    try:
        creator.storage.prepare()
    except CreatorError as error:
        typer.echo(f"The storage can't be prepared: {error.message}", err=True)


def keep_setup_code(creator: Creator) -> None:
    """Sees to it that there is a set-up code for exactly as long as nobody can sign in."""
    home = Home(creator.settings.creator_home)
    with creator.uow.read() as work:
        known = col(User.password_hash).is_not(None)
        someone = work.session.exec(select(User.id).where(known).limit(1)).first()
    if someone is None:
        home.secret(SETUP_CODE)
    else:
        (home.root / "secrets" / SETUP_CODE).unlink(missing_ok=True)
