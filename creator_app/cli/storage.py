"""``creator_app storage move``: brings all files to another storage."""

from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from creator_app.bootstrap import get_creator
from creator_app.cli.tables import many
from creator_app.config import checks
from creator_app.errors import InvalidInput
from creator_app.services.storage_move import StorageMove
from creator_app.supervise.home import Home

app = typer.Typer(help="Where files lie.", no_args_is_help=True)
_SHOWN = 10


@app.callback()
def _group() -> None:
    """Where files lie."""


@app.command("move")
def move(
    target: str = typer.Argument(
        envvar="STORAGE_TARGET_URL",
        help="The new one: file:///folder or s3://key:secret@host/bucket.",
    ),
    delete_source: bool = typer.Option(
        False, "--delete-source", help="Delete what was copied where it was. Creator must be stopped."
    ),
) -> None:
    """Copies every file to another storage; may be stopped and run again at any time.

    Exit code 1 where a file could not be copied.
    """
    try:
        target = checks.storage_url(target)
    except ValueError as error:
        raise InvalidInput(
            f"The new address {error}.", hint="See “Where files lie” in docs/operators.md."
        ) from error
    creator = get_creator()
    here = creator.settings.storage_url
    if _without_secrets(here) == _without_secrets(target):
        raise InvalidInput("The files lie there already.", hint="Name another storage.")
    runs = Home(creator.settings.creator_home).running() is not None
    if runs and delete_source:
        raise InvalidInput("Creator runs, and needs its files.", hint="Stop it first; then run this again.")
    there = creator.storage_at(target)
    there.prepare()
    moving = StorageMove(creator.uow, creator.storage, there)
    number, size = moving.count()
    typer.echo(f"{many(number, 'file')}, {size / 1e6:.1f} MB, to {_without_secrets(target)}")
    with _bar() as bar:
        task = bar.add_task("Copying", total=size)
        moved = moving.copy(lambda done: bar.advance(task, done))
    typer.echo(f"{moved.copied} copied, {moved.there} lay there already.")
    for trouble in moved.troubles[:_SHOWN]:
        typer.echo(trouble, err=True)
    if moved.troubles:
        typer.echo(f"{many(len(moved.troubles), 'file')} could not be copied. Run this again.", err=True)
        raise typer.Exit(1)
    if delete_source:
        with _bar() as bar:
            task = bar.add_task("Deleting", total=size)
            left = moving.delete_source(lambda done: bar.advance(task, done))
        typer.echo(
            "Nothing is left where the files were." if not left else f"{left} are left: run this again."
        )
    typer.echo(_next(runs))


def _next(runs: bool) -> str:
    if runs:
        return (
            "Creator runs: what comes in from now on is not copied yet. Stop it, run this once more (it "
            "takes only what is new), put the new STORAGE_URL into .env, and start it."
        )
    return "Now put the new STORAGE_URL into .env, and start Creator."


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _without_secrets(url: str) -> str:
    """The address as it may be shown: without keys and options."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
