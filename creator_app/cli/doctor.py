"""``creator_app doctor``: looks at every part, and says what is wrong and what to do about it."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar
from urllib.parse import urlsplit

import psutil
import redis
import typer
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from creator_app.bootstrap import Creator, get_creator
from creator_app.errors import CreatorError
from creator_app.infrastructure.migrations import migration_config
from creator_app.integrations.drop_folders import DirectoryPlace, PlaceError
from creator_app.integrations.drop_folders.directory_watch import needs_polling
from creator_app.models import LINE, Scheduler
from creator_app.services import accounts, beats, servers, stuck, watched_folder
from creator_app.services.unit_of_work import Work
from creator_app.supervise import bundle, ports, probes
from creator_app.supervise.errors import StartError
from creator_app.supervise.home import Home, Running

_ROOM_BYTES = 1_000_000_000
_PATIENCE_S = 5.0
_START = "start Creator: make run"
_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Finding:
    """What was found out about one part; ``advice`` is empty where it is well."""

    part: str
    ok: bool
    found: str
    advice: str = ""


class _Trouble(Exception):
    def __init__(self, found: str, advice: str) -> None:
        super().__init__(found)
        self.found = found
        self.advice = advice


def doctor(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Looks at every part; exit code 1 where something is wrong."""
    findings = list(examine(get_creator()))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        _print(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def examine(creator: Creator) -> Iterator[Finding]:
    """Looks at every part, one after the other.

    Args:
        creator: whose parts; nothing is changed.
    """
    home = Home(creator.settings.creator_home)
    running = home.running()
    checks: dict[str, Callable[[], str]] = {
        "home": lambda: _home(home.root),
        "database": lambda: _database(creator),
        "storage": lambda: _storage(creator),
        "web bundle": _bundle,
        "valkey": lambda: _valkey(creator, running),
        "engine": lambda: _engines(creator, running),
        "servers": lambda: _servers(creator, running),
        "queue": lambda: _queue(creator),
        "jobs": lambda: _jobs(creator),
        "drop folder": lambda: _in_time(lambda: _watched(creator, running)),
        "web": lambda: _web(creator, running),
        **{
            name: lambda name=name: _process(creator, home, name, running)
            for name in _processes(creator, running)
        },
    }
    for part, check in checks.items():
        try:
            yield Finding(part, True, check())
        except _Trouble as trouble:
            yield Finding(part, False, trouble.found, trouble.advice)
        except (CreatorError, StartError) as error:
            yield Finding(part, False, str(error), getattr(error, "hint", ""))


def _in_time(check: Callable[[], str]) -> str:
    """What a check finds out; a network disk that does not answer must not hold up the others."""
    answers: Queue[str | Exception] = Queue()

    def ask() -> None:
        try:
            answers.put(check())
        except Exception as error:  # noqa: BLE001  raised again where it is waited for
            answers.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=_PATIENCE_S)
    except Empty:
        raise _Trouble("its disk does not answer", "look at the network, or at the NAS") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _home(root: Path) -> str:
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        raise _Trouble(
            f"{root} can't be written: {error.strerror}", "set CREATOR_HOME to a folder of yours"
        ) from None
    free = shutil.disk_usage(root).free
    if free < _ROOM_BYTES:
        raise _Trouble(f"only {free // 10**6} MB are free in {root}", "make room, or move CREATOR_HOME")
    return f"{root}, {free // 10**9} GB free"


def _database(creator: Creator) -> str:
    address = urlsplit(creator.settings.database_url)
    file = "/" + address.path.lstrip("/")
    name = file if address.scheme.startswith("sqlite") else f"{address.scheme} on {address.hostname}"
    wanted = ScriptDirectory.from_config(migration_config(creator.settings.database_url)).get_current_head()
    try:
        with creator.database.read() as session:
            version = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError as error:
        reason = str(error).splitlines()[0]
        advice = "look at DATABASE_URL; tables are made by: python -m creator_app migrate"
        raise _Trouble(f"{name} can't be used: {reason}", advice) from None
    if version != wanted:
        raise _Trouble(f"{name} has tables of another version", "run: python -m creator_app migrate")
    return name


def _storage(creator: Creator) -> str:
    creator.storage.exists("doctor")
    kind = urlsplit(creator.settings.storage_url).scheme
    return "; ".join([kind, *creator.storage.lacks()])


def _bundle() -> str:
    wanted = bundle.current()
    if not bundle.is_built(wanted):
        raise _Trouble("the web pages of this version are not built", f"they are when you {_START}")
    return wanted.name


def _valkey(creator: Creator, running: Running | None) -> str:
    url = creator.settings.redis_url
    if url is None:
        raise _Trouble("does not run", _START)
    try:
        with redis.Redis.from_url(url, socket_timeout=2, retry=None) as client:
            return str(client.info("server").get("valkey_version") or client.info("server")["redis_version"])
    except (redis.RedisError, OSError) as error:
        where = f"{urlsplit(url).hostname}:{urlsplit(url).port}"
        advice = "it is started again by itself; see log/valkey.log" if running else "look at REDIS_URL"
        raise _Trouble(f"{where} does not answer: {error}", advice) from None


def _engines(creator: Creator, running: Running | None) -> str:
    addresses = [servers.split_address(address)[0] for address in creator.settings.comfyui_servers]
    if not addresses:
        raise _Trouble("does not run", _START)
    silent = [url for url in addresses if not probes.answers_http(f"{url.rstrip('/')}/system_stats")()]
    if silent:
        advice = "see log/engine.log" if running else "start that ComfyUI, or correct COMFYUI_SERVERS"
        raise _Trouble(f"{', '.join(silent)} does not answer", advice)
    return ", ".join(addresses)


def _servers(creator: Creator, running: Running | None) -> str:
    states = _asked(
        creator, lambda work: [(server.name or server.url, server.state) for server in servers.every(work)]
    )
    bad = [f"{name} is {state}" for name, state in states if state in ("offline", "quarantined")]
    if bad:
        raise _Trouble(", ".join(bad), "see: python -m creator_app servers list")
    if states and all(state == "draining" for _, state in states):
        raise _Trouble("all are draining: nothing new starts", "see: python -m creator_app servers resume")
    when = "" if running else "when last looked at: "
    told = when + ", ".join(f"{name} is {state}" for name, state in states) if states else "none yet"
    shortage = _asked(creator, lambda work: [beats.shortage(work)])[0]
    return f"{told}. {shortage}" if shortage else told


def _queue(creator: Creator) -> str:
    line = _asked(creator, lambda work: [work.session.get(Scheduler, LINE)])[0]
    if line is not None and line.queue_paused:
        raise _Trouble("paused: nothing new starts", "go on with: python -m creator_app queue resume")
    if line is not None and line.intake_paused:
        advice = "take jobs again with: python -m creator_app queue resume --intake"
        raise _Trouble("no new jobs are taken", advice)
    return "open"


def _jobs(creator: Creator) -> str:
    found = _asked(creator, stuck.find)
    if found:
        raise _Trouble(f"{len(found)} do not move", "see: python -m creator_app jobs stuck")
    return "none is stuck"


def _watched(creator: Creator, running: Running | None) -> str:
    root = creator.settings.watch_root
    if root is None:
        return "switched off"
    try:
        with creator.uow.read() as work:
            user = accounts.operators_user(work, creator.settings.watch_account)
            source = watched_folder.source_of(work, str(root))
    except SQLAlchemyError:
        raise _Trouble("not known: the database can't be used", "see the line about it") from None
    if user is None:
        return f"{root}, from the moment that somebody has an account"
    if source is None and running is None and not root.exists():
        return f"{root}, made when Creator starts"
    place = DirectoryPlace(root, source.root_id if source is not None else None)
    try:
        place.try_writing()
    except PlaceError as error:
        raise _Trouble(error.detail or error.message, error.hint) from None
    if source is not None and source.last_error:
        raise _Trouble(
            f"{root} was last looked at in vain: {source.last_error}", "it is tried again by itself"
        )
    free = shutil.disk_usage(root).free
    if free < _ROOM_BYTES:
        raise _Trouble(f"only {free // 10**6} MB are free in {root}", "make room: results wait until then")
    how = "polling" if needs_polling(root, creator.settings.watch_polling) else "events"
    names = "" if place.keeps_ids() else ", renamed files are new ones on this kind of disk"
    return f"{root} for {user.email}, {free // 10**9} GB free, changes by {how}{names}"


def _asked(creator: Creator, question: Callable[[Work], list[_Row]]) -> list[_Row]:
    try:
        with creator.uow.read() as work:
            return question(work)
    except SQLAlchemyError:
        raise _Trouble("not known: the database can't be used", "see the line about it") from None


def _web(creator: Creator, running: Running | None) -> str:
    port = creator.settings.port
    if running is None:
        ports.claim(port)
        raise _Trouble("does not run", _START)
    if not probes.answers_http(f"{running.url}/readyz")():
        raise _Trouble(f"{running.url}/readyz says that something is missing", "see log/web.log")
    return running.url


def _processes(creator: Creator, running: Running | None) -> list[str]:
    workers = [f"worker-{number}" for number in range(1, creator.settings.workers + 1)]
    names = running.parts if running else [*workers, "clock", "courier"]
    return [name for name in names if name in ("clock", "courier") or name.startswith("worker-")]


def _process(creator: Creator, home: Home, name: str, running: Running | None) -> str:
    pid = home.pid(name)
    if running is None:
        raise _Trouble("does not run", _START)
    if pid is None or not psutil.pid_exists(pid):
        raise _Trouble("has ended", f"it is started again by itself; see {home.log_file(name)}")
    known = {one.name: one for one in _asked(creator, beats.last)}
    last = known.get(beats.name_of(pid))
    if last is None and time.time() - psutil.Process(pid).create_time() > beats.SILENT.total_seconds():
        raise _Trouble(f"process {pid} has never said that it works", f"see {home.log_file(name)}")
    if last is not None and not last.alive:
        advice = f"end it with kill -9 {pid}: it is started again by itself; see {home.log_file(name)}"
        raise _Trouble(f"process {pid} has been silent for {last.silent_s:.0f} s", advice)
    return f"process {pid}"


def _print(findings: list[Finding]) -> None:
    for finding in findings:
        mark = typer.style("ok   ", fg="green") if finding.ok else typer.style("wrong", fg="red")
        typer.echo(f"{finding.part:<12} {mark}  {finding.found}")
        if finding.advice:
            typer.echo(f"{'':<20}{finding.advice}")
