"""``creator_app servers …``: the ComfyUI servers that jobs run on."""

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from creator_app.bootstrap import get_creator
from creator_app.errors import InvalidInput
from creator_app.models import ComfyServer
from creator_app.services import abilities, servers
from creator_app.services.unit_of_work import Work

app = typer.Typer(help="The ComfyUI servers that jobs run on.", no_args_is_help=True)
_NAME = typer.Argument(help="The server's name, address or id.")


@app.command("list")
def list_servers(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Lists the servers, how they are, and which recipes they can't run."""
    with get_creator().uow.read() as work:
        rows = [_row(work, server) for server in servers.every(work)]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table()
    for title in ("name", "address", "state", "busy", "device", "memory", "lacks", "last trouble"):
        table.add_column(title, overflow="fold")
    for row in rows:
        memory = f"{row['memory_bytes'] / 2**30:.0f} GiB" if row["memory_bytes"] else ""
        table.add_row(
            row["name"] or "",
            row["url"],
            row["state"],
            f"{row['busy']} of {row['slots']}",
            row["kind"] or "",
            memory,
            ", ".join(row["lacks"]),
            (row["last_error"] or "") if row["state"] != "online" else "",
        )
    Console().print(table)


@app.command("add")
def add(
    url: str = typer.Argument(help="http://host:8188, or https://user:password@host."),
    name: str = typer.Option("", help="What you call it."),
    slots: int = typer.Option(1, help="Prompts at a time; ComfyUI runs one."),
    header: list[str] = typer.Option([], help='Sent with everything: "Authorization: Bearer …".'),
) -> None:
    """Adds a server; it gets jobs once it was seen to answer."""
    creator = get_creator()
    with creator.uow.write() as work:
        server = servers.add(
            work,
            url,
            creator.encryptor.encrypt_dict,
            name=name or None,
            slots=slots,
            headers=dict(_header(text) for text in header),
        )
    typer.echo(f"{server.url} is in the pool.")


@app.command("remove")
def remove(name: str = _NAME) -> None:
    """Takes an idle server out of the pool."""
    with get_creator().uow.write() as work:
        servers.remove(work, servers.find(work, name))
    typer.echo("It is out of the pool.")


@app.command("drain")
def drain(name: str = _NAME) -> None:
    """Lets a server finish what it runs, and gives it nothing new."""
    with get_creator().uow.write() as work:
        server = servers.find(work, name)
        servers.drain(work, server)
        busy = servers.slots_taken(work, server.id)
    typer.echo("It gets nothing new." + (f" Still running there: {busy}." if busy else " It is idle."))


@app.command("resume")
def resume(name: str = _NAME) -> None:
    """Ends draining or quarantine."""
    with get_creator().uow.write() as work:
        servers.resume(work, servers.find(work, name))
    typer.echo("It gets jobs again as soon as it answers.")


def _row(work: Work, server: ComfyServer) -> dict[str, Any]:
    return {
        "id": str(server.id),
        "name": server.name,
        "url": server.url,
        "state": server.state,
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
