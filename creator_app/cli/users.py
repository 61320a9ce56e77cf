"""``creator_app user …``: the people who may sign in."""

import json
import secrets

import typer

from creator_app.bootstrap import get_creator
from creator_app.services import accounts, passwords, shares

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


@app.command("limit")
def limit(
    email: str = typer.Argument(help="The person's e-mail address."),
    weight: float = typer.Option(None, min=0.01, max=100, help="Share of the servers; everybody has 1."),
    running: int = typer.Option(None, min=0, help="Jobs that may run at a time; 0 for no limit."),
    waiting: int = typer.Option(None, min=0, help="Jobs that may wait; 0 for no limit."),
) -> None:
    """Sets how much of the line somebody may have; what is left out stays."""
    with get_creator().uow.write() as work:
        account = shares.set_share(work, email, weight=weight, max_running=running, max_queued=waiting)
    at_a_time = account.max_running or "any number"
    at_most = account.max_queued or "any number"
    typer.echo(f"Weight {account.weight:g}; {at_a_time} running at a time; {at_most} waiting.")
