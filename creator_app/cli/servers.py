"""``creator_app servers …``: the ComfyUI servers that jobs run on."""

import json
from collections.abc import Iterator
from typing import Any

import typer

from creator_app.bootstrap import get_creator
from creator_app.cli.tables import many, print_table
from creator_app.errors import InvalidInput
from creator_app.models import ComfyServer
from creator_app.services import abilities, beats, new_servers, servers
from creator_app.services.new_servers import Joined
from creator_app.services.unit_of_work import Work

app = typer.Typer(help="The ComfyUI servers that jobs run on.", no_args_is_help=True)
_NAME = typer.Argument(help="The server's name, address or id.")


@app.command("list")
def list_servers(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Lists the servers, how they are, and which recipes they can't run."""
    with get_creator().uow.read() as work:
        rows = [_row(work, server) for server in servers.every(work)]
        shortage = beats.shortage(work)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    titles = ("name", "address", "state", "busy", "device")
    shown = [[row["name"] or "", row["url"], _state(row), _busy(row), _device(row)] for row in rows]
    print_table(titles, shown, whole=("address", "state", "busy"))
    for row in rows:
        for note in _notes(row):
            typer.echo(f"{row['name'] or row['url']}: {note}")
    if not rows:
        typer.echo("There are no servers. Add one: servers add http://host:8188")
    if shortage:
        typer.echo(shortage)


@app.command("add")
def add(
    url: str = typer.Argument(help="http://host:8188, or https://user:password@host."),
    name: str = typer.Option("", help="What you call it."),
    slots: int = typer.Option(1, help="Prompts at a time; ComfyUI runs one."),
    header: list[str] = typer.Option([], help='Sent with everything: "Authorization: Bearer …".'),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Asks a server how it is, and adds it; one that is there already gets the new password or header."""
    creator = get_creator()
    joined = new_servers.join(
        creator.uow,
        creator.encryptor.encrypt_dict,
        url,
        own_addresses=creator.own_addresses,
        name=name or None,
        slots=slots,
        headers=dict(_header(text) for text in header),
    )
    if as_json:
        with creator.uow.read() as work:
            row = _row(work, servers.get(work, joined.server_id))
        typer.echo(json.dumps(row | {"new": joined.new, "answers": joined.answers}))
        return
    done = "is in the pool" if joined.new else "has its new password or header"
    if not joined.answers:
        typer.echo(f"{joined.url} {done}, but it can't be used yet.\n{joined.visit.message}")
        typer.echo(f"{joined.visit.hint}\nIt gets jobs as soon as it answers.")
        return
    typer.echo(f"{joined.url} {done}, and it answers: {_what(joined)}.")
    if joined.lacks:
        typer.echo(f"It can't run {many(len(joined.lacks), 'recipe')}: {'; '.join(joined.lacks)}.")
    else:
        typer.echo("It can run every recipe.")


@app.command("remove")
def remove(name: str = _NAME) -> None:
    """Takes an idle server out of the pool."""
    with get_creator().uow.write() as work:
        server = servers.find(work, name)
        called = servers.label(server) or server.url
        servers.remove(work, server)
    typer.echo(f"{called} is out of the pool.")


@app.command("drain")
def drain(name: str = _NAME) -> None:
    """Lets a server finish what it runs, and gives it nothing new."""
    with get_creator().uow.write() as work:
        server = servers.find(work, name)
        servers.drain(work, server)
        called, busy = servers.label(server) or server.url, servers.slots_taken(work, server.id)
    still = f"{many(busy, 'job')} still run{'s' if busy == 1 else ''} there" if busy else "it is idle"
    typer.echo(f"{called} gets nothing new; {still}.")


@app.command("resume")
def resume(name: str = _NAME) -> None:
    """Ends draining or quarantine."""
    with get_creator().uow.write() as work:
        server = servers.find(work, name)
        servers.resume(work, server)
        called = servers.label(server) or server.url
    typer.echo(f"{called} gets jobs again as soon as it answers.")


def _row(work: Work, server: ComfyServer) -> dict[str, Any]:
    return {
        "id": str(server.id),
        "name": servers.label(server),
        "url": server.url,
        "state": server.state,
        "asked": servers.was_asked(server),
        "slots": server.slots,
        "busy": servers.slots_taken(work, server.id),
        "kind": server.kind,
        "memory_bytes": server.memory_bytes,
        "from_settings": server.from_settings,
        "last_seen_at": server.last_seen_at.isoformat() if server.last_seen_at else None,
        "quarantined_until": server.quarantined_until.isoformat() if server.quarantined_until else None,
        "last_error": server.last_error,
        "lacks": abilities.lacking(work, server.id),
    }


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise InvalidInput("A header needs a name and a value.", hint="Such as: Authorization: Bearer …")
    return name.strip(), value.strip()


def _state(row: dict[str, Any]) -> str:
    return "not asked yet" if row["state"] == "offline" and not row["asked"] else str(row["state"])


def _busy(row: dict[str, Any]) -> str:
    return f"{row['busy']} of {row['slots']}"


def _device(row: dict[str, Any]) -> str:
    memory = f", {row['memory_bytes'] / 2**30:.0f} GiB" if row["memory_bytes"] else ""
    return f"{row['kind'] or ''}{memory}"


def _notes(row: dict[str, Any]) -> Iterator[str]:
    if row["state"] == "draining":
        yield "It gets nothing new. `servers resume` ends that."
    elif row["state"] != "online" and row["last_error"]:
        yield row["last_error"]
    if row["lacks"]:
        yield f"It can't run {'; '.join(row['lacks'])}."


def _what(joined: Joined) -> str:
    memory = f" with {joined.memory_bytes / 2**30:.0f} GiB" if joined.memory_bytes else ""
    return f"ComfyUI {joined.version or '(no version said)'} on {joined.device}{memory}"
