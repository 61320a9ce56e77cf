"""A server comes into the pool: it is visited first, so that whoever adds it learns at once how it went."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from creator_app.domain.ability import Catalog, catalog_of
from creator_app.errors import InvalidInput
from creator_app.integrations.comfyui import Verdict, Visit, visit
from creator_app.services import abilities, servers
from creator_app.services.servers import Encrypt, Looked
from creator_app.services.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Joined:
    """How it went.

    Attributes:
        server_id: its row.
        url: without a password.
        new: it was not in the pool before; else its password was changed.
        visit: what was found there.
        lacks: recipes that it can't run, each with what is missing.
        version: of ComfyUI, as far as the server says.
        device: its first one.
        memory_bytes: of that, or main memory.
    """

    server_id: UUID
    url: str
    new: bool
    visit: Visit
    lacks: list[str]
    version: str | None
    device: str | None
    memory_bytes: int | None

    @property
    def answers(self) -> bool:
        """Whether it can be used."""
        return self.visit.verdict is Verdict.WELL


def join(
    uow: UnitOfWork,
    encrypt: Encrypt,
    address: str,
    *,
    own_addresses: Sequence[str] = (),
    name: str | None = None,
    slots: int = 1,
    headers: Mapping[str, str] | None = None,
) -> Joined:
    """Visits a server and adds it to the pool, also where it does not answer just now.

    Blocks for some seconds where nobody answers. The other arguments are those of `servers.add`.

    Args:
        uow: opens transactions; none is open during the visit.
        encrypt: for what must be sent along.
        address: of the server.
        own_addresses: where this Creator itself is reached.
        name: what operators call it.
        slots: prompts at a time.
        headers: sent with everything.

    Raises:
        InvalidInput: something is not right, or this is surely no ComfyUI; nothing was added.
        Conflict: it is there already and nothing new was said, or another one has this name.
    """
    url, secret = servers.read_address(address, headers)
    if servers.place(url) in map(servers.place, own_addresses):
        raise InvalidInput(
            "This is Creator's own address, not a ComfyUI.",
            hint="ComfyUI listens on a port of its own, 8188 unless it was told otherwise.",
        )
    with uow.read() as work:
        known = servers.at(work, url)
        if known is not None:
            servers.check_change(known, secret)
    found = visit(url, secret)
    if found.verdict is Verdict.NOT_COMFYUI and known is None:
        raise InvalidInput(f"{found.message} It was not added.", hint=found.hint)
    with uow.write(durable=True) as work:
        server = servers.add(work, address, encrypt, name=name, slots=slots, headers=headers)
        if found.stats is not None and found.object_info is not None:
            catalog = catalog_of(found.object_info)
            servers.saw(work, server.id, Looked(found.stats, catalog, digest(catalog)))
        else:
            servers.missed(work, server.id, f"{found.message} {found.hint}")
        work.session.flush()
        system = (found.stats or {}).get("system") or {}
        return Joined(
            server.id,
            server.url,
            known is None,
            found,
            abilities.lacking(work, server.id),
            str(system["comfyui_version"])[:40] if system.get("comfyui_version") else None,
            server.kind,
            server.memory_bytes,
        )


def digest(catalog: Catalog) -> str:
    """What tells one catalog from another (sha256, hex)."""
    return hashlib.sha256(json.dumps(catalog, sort_keys=True).encode()).hexdigest()
