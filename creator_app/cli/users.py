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


@app.command("list")
def list_users(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Lists the people who have an account."""
    with get_creator().uow.read() as work:
        rows = accounts.list_users(work)
    found = [
        {"email": user.email, "role": user.role, "signs_in": user.password_hash is not None} for user in rows
    ]
    if as_json:
        typer.echo(json.dumps(found))
        return
    for row in found:
        note = "" if row["signs_in"] else "  (for the command line only)"
        typer.echo(f"{row['email']}  {row['role']}{note}")


@app.command("key")
def key(
    email: str = typer.Argument(help="The person's e-mail address."),
    name: str = typer.Option("command line", help="What the key is called."),
) -> None:
    """Makes an API key for somebody who has an account, and prints it, once."""
    with get_creator().uow.write() as work:
        plain = accounts.create_api_key(work, accounts.find_user(work, email), name, None)[1]
    typer.echo(plain)


@app.command("password")
def password(
    email: str = typer.Argument(help="The person's e-mail address."),
    new: str = typer.Option("", "--password", help="The new one; one is made and printed where left out."),
) -> None:
    """Gives somebody a new password; every session of theirs ends."""
    chosen = new or secrets.token_urlsafe(12)
    hashed = passwords.hash_password(chosen)
    with get_creator().uow.write() as work:
        accounts.set_password(work, accounts.find_user(work, email), hashed)
    typer.echo("Changed." if new else f"Password: {chosen}")


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
