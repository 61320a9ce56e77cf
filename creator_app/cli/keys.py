"""``creator_app keys rotate``: brings stored secrets under the newest encryption key."""

import json
from dataclasses import asdict

import typer

from creator_app.bootstrap import get_creator
from creator_app.services import keys

app = typer.Typer(help="Encryption keys.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Encryption keys."""


@app.command("rotate")
def rotate(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Encrypts every stored secret with the first of ENCRYPTION_KEYS; may be repeated at any time.

    Put a new key in front of the old ones, start every part of Creator anew, run this, and take the old keys
    away. Exit code 1 where a secret can't be opened with any of the keys.
    """
    creator = get_creator()
    done = keys.rotate(creator.uow, creator.encryptor)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(f"{done.changed} encrypted anew, {done.fine} were already.")
        if done.lost:
            typer.echo(f"{done.lost} can't be opened with any of ENCRYPTION_KEYS: put their key back.")
    if done.lost:
        raise typer.Exit(1)
