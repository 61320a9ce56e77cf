"""The pool of ComfyUI servers: who is in it, who is well, who has a free slot."""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID

from sqlmodel import col, select

from creator_app.domain.ability import Catalog
from creator_app.errors import Conflict, InvalidInput, NotFound
from creator_app.infrastructure.database import db_now
from creator_app.models import ComfyServer, JobAttempt
from creator_app.models.base import utcnow
from creator_app.services import abilities
from creator_app.services.unit_of_work import TicketWanted, Work

#: Runs that may fail in a row by a server's own fault.
FAILURES_ALLOWED: Final = 3
_FIRST_QUARANTINE: Final = timedelta(minutes=1)
_LONGEST_QUARANTINE: Final = timedelta(minutes=30)
_MAX_SLOTS: Final = 64
_LONGEST_ADDRESS: Final = 500
#: RFC 9110, 5.1 and 5.5; values in ASCII.
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{1,4000}")
_SEEN_EVERY: Final = timedelta(seconds=30)
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104
_LONGEST_NAME: Final = 80
#: What the built-in engine says that it was started as, and what it is called.
_BUILT_IN: Final = "embedded_comfyui"
BUILT_IN_NAME: Final = "built-in"

#: Turns headers into the text that is stored.
Encrypt = Callable[[dict[str, Any]], str]


@dataclass(frozen=True)
class FreeServer:
    """An online server with a free slot.

    Attributes:
        server: its row.
        slot: the number of its first free slot.
        busy: how many are taken.
    """

    server: ComfyServer
    slot: int
    busy: int


@dataclass(frozen=True)
class Looked:
    """What a server said when it was asked.

    Attributes:
        stats: its ``/system_stats``.
        catalog: from its ``/object_info``; ``None`` where that was not asked or has not changed.
        catalog_hash: of that answer.
    """

    stats: Mapping[str, Any]
    catalog: Catalog | None = None
    catalog_hash: str | None = None


def register(work: Work, addresses: Sequence[str], encrypt: Encrypt) -> None:
    """Makes rows for the servers named in the settings; those no longer named there are taken out.

    Args:
        work: a writing transaction.
        addresses: ``http://host:port``, or ``https://user:password@host`` for a server behind a password.
        encrypt: for the password, which is kept as a header.
    """
    known = {place(server.url): server for server in work.session.exec(select(ComfyServer))}
    wanted = {place(url): (url, headers) for url, headers in map(split_address, addresses)}
    for where, (url, headers) in wanted.items():
        server = known.get(where)
        if server is None:
            kept = encrypt(headers) if headers else None
            work.session.add(ComfyServer(url=url, from_settings=True, headers_encrypted=kept))
            continue
        if headers or server.from_settings:  # a password that was changed in the settings counts from now on
            server.headers_encrypted = encrypt(headers) if headers else None
        server.url, server.from_settings = url, True
        work.session.add(server)
    for where, server in known.items():
        if where in wanted or not server.from_settings:
            continue
        if slots_taken(work, server.id):
            drain(work, server)  # it goes when nothing runs there any more
        else:
            work.session.delete(server)


def unregistered(work: Work, addresses: Sequence[str]) -> bool:
    """Whether the settings name other servers than the rows do."""
    named = select(ComfyServer.url).where(col(ComfyServer.from_settings))
    wanted = {place(split_address(address)[0]) for address in addresses}
    return wanted != {place(url) for url in work.session.exec(named)}


def place(url: str) -> tuple[str, str, int | None, str]:
    """What two spellings of one address have in common: scheme, machine, port, path."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, "localhost" if host in _THIS_MACHINE else host, port, parts.path.rstrip("/")


def split_address(address: str) -> tuple[str, dict[str, str]]:
    """The address without its user and password, and the header that says them instead."""
    parts = urlsplit(address.rstrip("/"))
    if not parts.username and not parts.password:
        return address.rstrip("/"), {}
    host = parts.netloc.rpartition("@")[2]
    headers = password_header(unquote(parts.username or ""), unquote(parts.password or ""))
    return urlunsplit(parts._replace(netloc=host)), headers


def password_header(user: str, password: str) -> dict[str, str]:
    """The header that says a user and a password (RFC 7617)."""
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {basic}"}


def add(
    work: Work,
    address: str,
    encrypt: Encrypt,
    *,
    name: str | None = None,
    slots: int = 1,
    headers: Mapping[str, str] | None = None,
) -> ComfyServer:
    """Adds a server to the pool; it gets jobs once it was seen to answer.

    One that is there already gets the password and headers that are given now instead of its old ones.

    Args:
        work: a writing transaction.
        address: as for `register`.
        encrypt: for what must be sent along.
        name: what operators call it.
        slots: prompts at a time; ComfyUI runs one, more only where something spreads them.
        headers: sent with everything, for rented servers.

    Raises:
        InvalidInput: the address is none, or the number of slots, or a header.
        Conflict: it is there already and nothing new was said, or another one has this name.
    """
    url, secret = read_address(address, headers)
    if not 1 <= slots <= _MAX_SLOTS:
        raise InvalidInput(f"A server can have 1 to {_MAX_SLOTS} slots.", hint="ComfyUI runs one at a time.")
    known = at(work, url)
    if known is not None:
        check_change(known, secret)
    checked_name = _free_name(work, name, known) if name else None
    if known is None:
        server = ComfyServer(url=url, name=checked_name, slots=slots)
    else:
        server = known
        server.name = checked_name or known.name
    server.headers_encrypted = encrypt(secret) if secret else None
    work.session.add(server)
    work.session.flush()
    return server


def at(work: Work, url: str) -> ComfyServer | None:
    """The server at an address, however that is spelled."""
    return next((one for one in every(work) if place(one.url) == place(url)), None)


def check_change(known: ComfyServer, secret: Mapping[str, str]) -> None:
    """Sees to it that adding a server again says something new.

    Raises:
        Conflict: it does not, or the settings say it otherwise.
    """
    called = label(known)
    called = f', as "{called}"' if called else f", as {known.url}"
    if not secret:
        hint = "To change its password, add it again with the new one."
        raise Conflict(f"This server is in the pool already{called}.", hint=hint)
    if known.from_settings:
        raise Conflict(
            "This server is named in COMFYUI_SERVERS.",
            hint="Give its password there: http://user:password@host.",
        )


def _free_name(work: Work, name: str, own: ComfyServer | None) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"A name has 1 to {_LONGEST_NAME} letters or signs.", hint="Such as: gpu-1.")
    for other in every(work):
        if (own is None or other.id != own.id) and name.lower() in _called(other):
            raise Conflict(
                f'A server is called "{name}" already: {other.url}.', hint="Give this one another name."
            )
    return name


def label(server: ComfyServer) -> str | None:
    """What operators call a server; the engine that comes with Creator has a name from the start."""
    return server.name or (BUILT_IN_NAME if is_built_in(server) else None)


def is_built_in(server: ComfyServer) -> bool:
    """Whether it is Creator's own engine, as far as it was asked yet."""
    system = (server.info or {}).get("system")
    argv = system.get("argv") if isinstance(system, Mapping) else None
    return isinstance(argv, list) and argv[:1] == [_BUILT_IN]


def was_asked(server: ComfyServer) -> bool:
    """Whether anybody has tried to reach it yet."""
    return server.last_seen_at is not None or server.last_error is not None


def read_address(address: str, headers: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """An address that somebody has typed, and what must be sent along.

    Raises:
        InvalidInput: the address is none, or a header.
    """
    sent = headers or {}
    if not all(_HEADER_NAME.fullmatch(key) and _HEADER_VALUE.fullmatch(value) for key, value in sent.items()):
        raise InvalidInput("This is not a header.", hint="It must look like Authorization: Bearer ….")
    try:
        url, secret = split_address(address.strip())
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets or ports of no sense
        usable = False
    # What stands behind a question mark is often a password, and addresses are shown.
    if not usable or parts.query or parts.fragment or len(url) > _LONGEST_ADDRESS:
        raise InvalidInput(
            "This is not the address of a server.", hint="It must look like http://192.168.1.20:8188."
        )
    return url, secret | dict(sent)


def remove(work: Work, server: ComfyServer) -> None:
    """Takes a server out of the pool.

    Raises:
        Conflict: something runs there, or the settings name it.
    """
    if server.from_settings and is_built_in(server):
        raise Conflict(
            "This is the built-in engine: Creator starts it where COMFYUI_SERVERS names no other server.",
            hint="Drain it, and it gets nothing new; or set COMFYUI_SERVERS to servers of your own.",
        )
    if server.from_settings:
        raise Conflict(
            "This server is named in COMFYUI_SERVERS.", hint="Take it out there; draining works meanwhile."
        )
    if slots_taken(work, server.id):
        raise Conflict("Something runs there.", hint="Drain it first, and wait until it is idle.")
    work.session.delete(server)


def drain(work: Work, server: ComfyServer) -> None:
    """Lets a server finish what it runs, and gives it nothing new."""
    server.state = "draining"
    work.session.add(server)


def resume(work: Work, server: ComfyServer) -> None:
    """Ends draining or quarantine; the server gets jobs once it was seen to answer."""
    server.state = "offline"
    server.failures = server.quarantines = 0
    server.quarantined_until = None
    server.last_error = None
    work.session.add(server)


def find(work: Work, name: str) -> ComfyServer:
    """A server by its name, its address or its id.

    Raises:
        NotFound: there is none.
        Conflict: several have this name.
    """
    wanted = name.strip().rstrip("/")
    rows = every(work)
    found = [one for one in rows if wanted.lower() in _called(one)] or _by_address(rows, wanted)
    if len(found) > 1:
        addresses = ", ".join(one.url for one in found)
        raise Conflict(f'{len(found)} servers are called "{wanted}": {addresses}.', hint="Say the address.")
    if not found:
        raise NotFound(f'There is no server "{wanted[:200]}".', hint="Look at the list of servers.")
    return found[0]


def _called(server: ComfyServer) -> set[str]:
    return {known.lower() for known in (label(server), server.url, str(server.id)) if known}


def _by_address(rows: Sequence[ComfyServer], text: str) -> list[ComfyServer]:
    """Those at an address that may be spelled otherwise, or lack its scheme."""
    try:
        wanted = [place(text if "://" in text else f"{scheme}://{text}") for scheme in ("http", "https")]
        return [one for one in rows if place(one.url) in wanted]
    except ValueError:  # brackets or ports of no sense
        return []


def get(work: Work, server_id: UUID) -> ComfyServer:
    """A server by its id.

    Raises:
        NotFound: there is none.
    """
    server = work.session.get(ComfyServer, server_id)
    if server is None:
        raise NotFound("There is no such server.", hint="It may have been removed. Look at the list.")
    return server


def every(work: Work) -> Sequence[ComfyServer]:
    """All servers, the oldest first."""
    return work.session.exec(select(ComfyServer).order_by(col(ComfyServer.created_at))).all()


def is_news(server: ComfyServer, looked: Looked) -> bool:
    """Whether an answer is worth a write: something changed, or the last note of it is old."""
    if server.state in ("offline", "quarantined") or looked.catalog is not None:
        return True
    return server.last_seen_at is None or utcnow() - server.last_seen_at > _SEEN_EVERY


def saw(work: Work, server_id: UUID, looked: Looked) -> bool:
    """Notes that a server answered; one that is back lets waiting jobs start.

    Returns:
        Whether it was away before.
    """
    server = work.session.get(ComfyServer, server_id, with_for_update=True)
    if server is None:
        return False
    now = db_now(work.session)
    server.last_seen_at = now
    server.info = dict(looked.stats)
    server.kind, server.memory_bytes = _device(looked.stats)
    if looked.catalog is not None:
        abilities.keep_catalog(work, server_id, looked.catalog)
        server.object_info_hash = looked.catalog_hash
    released = server.quarantined_until is None or server.quarantined_until <= now
    came_back = server.state == "offline" or (server.state == "quarantined" and released)
    if came_back and server.object_info_hash is not None:
        if server.state == "quarantined":
            # On probation: the next failure sends it back, for longer.
            server.failures = FAILURES_ALLOWED - 1
        server.state = "online"
        server.quarantined_until = None
        work.tell(TicketWanted(server.slots))
    work.session.add(server)
    return came_back


def missed(work: Work, server_id: UUID, reason: str) -> None:
    """Notes that a server did not answer: nothing new is sent there."""
    server = work.session.get(ComfyServer, server_id, with_for_update=True)
    if server is None:
        return
    if server.state == "online":
        server.state = "offline"
    server.last_error = reason[:500]
    # Whatever was loaded there is gone if it was started anew.
    server.warm_recipe_version_id = None
    work.session.add(server)


def worked(work: Work, server_id: UUID) -> None:
    """Notes that a run ended well there."""
    server = work.session.get(ComfyServer, server_id, with_for_update=True)
    if server is not None and (server.failures or server.quarantines):
        server.failures = server.quarantines = 0
        work.session.add(server)


def blame(work: Work, server_id: UUID, reason: str) -> None:
    """Notes a run that failed by the server's own fault; three in a row put it in quarantine.

    Args:
        work: a writing transaction.
        server_id: which.
        reason: what went wrong, for the operator.
    """
    server = work.session.get(ComfyServer, server_id, with_for_update=True)
    if server is None:
        return
    server.failures += 1
    server.last_error = reason[:500]
    if server.failures >= FAILURES_ALLOWED and server.state in ("online", "offline"):
        server.quarantines += 1
        length = min(_LONGEST_QUARANTINE, _FIRST_QUARANTINE * 2 ** min(10, server.quarantines - 1))
        server.state = "quarantined"
        server.quarantined_until = db_now(work.session) + length
    work.session.add(server)


def free(work: Work) -> list[FreeServer]:
    """The servers that could take a job now, the least busy first."""
    statement = (
        select(ComfyServer, JobAttempt.slot)
        .outerjoin(
            JobAttempt,
            (col(JobAttempt.server_id) == col(ComfyServer.id)) & col(JobAttempt.slot).is_not(None),
        )
        .where(ComfyServer.state == "online")
        .order_by(col(ComfyServer.created_at), col(ComfyServer.id))
    )
    taken: dict[UUID, set[int]] = {}
    rows: dict[UUID, ComfyServer] = {}
    for server, slot in work.session.exec(statement):
        rows[server.id] = server
        taken.setdefault(server.id, set()).update([] if slot is None else [slot])
    found = []
    for server in rows.values():
        slots = [slot for slot in range(server.slots) if slot not in taken[server.id]]
        if slots:
            found.append(FreeServer(server, slots[0], len(taken[server.id])))
    return sorted(found, key=lambda one: one.busy / one.server.slots)


def memory_if_another_has_more(work: Work, server_id: UUID | None) -> int | None:
    """The memory of a server in bytes, if some other one in the pool has more; else ``None``."""
    server = work.session.get(ComfyServer, server_id) if server_id else None
    if server is None or server.memory_bytes is None:
        return None
    bigger = col(ComfyServer.memory_bytes) > server.memory_bytes
    in_service = col(ComfyServer.state) != "draining"
    if work.session.exec(select(ComfyServer.id).where(bigger, in_service)).first() is None:
        return None
    return server.memory_bytes


def given_up(work: Work, prompt_ids: Sequence[str]) -> list[str]:
    """Those of these prompt ids that are ours and whose attempt has ended: nobody waits for them."""
    statement = select(JobAttempt.prompt_id).where(
        col(JobAttempt.prompt_id).in_(prompt_ids), JobAttempt.state == "ended"
    )
    return list(work.session.exec(statement))


def slots_taken(work: Work, server_id: UUID) -> int:
    """How many prompts are believed to be there now."""
    statement = select(JobAttempt.id).where(
        JobAttempt.server_id == server_id, col(JobAttempt.slot).is_not(None)
    )
    return len(work.session.exec(statement).all())


def _device(stats: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """The device's name and its memory in bytes; a server without a GPU counts its main memory."""
    devices = stats.get("devices")
    device = devices[0] if isinstance(devices, list) and devices and isinstance(devices[0], Mapping) else {}
    system = stats.get("system") if isinstance(stats.get("system"), Mapping) else {}
    memory = device.get("vram_total") or (system or {}).get("ram_total")
    name = str(device.get("name") or "cpu").split(" : ")[0][:100]
    return name, int(memory) if isinstance(memory, int | float) and memory > 0 else None
