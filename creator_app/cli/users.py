"""``creator_app user …``: the people who may sign in."""

import json
import secrets

import typer

from creator_app.bootstrap import get_creator
from creator_app.services import accounts, passwords

app = typer.Typer(help="The people who may sign in.", no_args_is_help=True)


@app.command("add")
def add(
    email: str = typer.Argument(help="The person's e-mail address."),
    password: str = typer.Option("", help="A password; one is made and printed where left out."),
    admin: bool = typer.Option(False, "--admin", help="May see and change everything."),
    api_key: bool = typer.Option(False, "--api-key", help="Make an API key too, and print it."),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Makes a verified account."""
    creator = get_creator()
    chosen = password or secrets.token_urlsafe(12)
    hashed = passwords.hash_password(chosen)
    with creator.uow.write() as work:
        user = accounts.add_user(work, email, hashed, admin=admin, verified=True)
        key = accounts.create_api_key(work, user, "command line", None)[1] if api_key else None
    answer = {"id": str(user.id), "email": user.email, "role": user.role}
    if not password:
        answer["password"] = chosen
    if key:
        answer["api_key"] = key
    if as_json:
        typer.echo(json.dumps(answer))
        return
    typer.echo(f"{user.email} can sign in ({user.role}).")
    if not password:
        typer.echo(f"Password: {chosen}")
    if key:
        typer.echo(f"API key: {key}")
