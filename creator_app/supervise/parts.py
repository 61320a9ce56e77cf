"""Which processes make up a Creator, and how each is asked whether it is ready."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from creator_app.config import Settings
from creator_app.supervise import ports, probes, valkey
from creator_app.supervise.home import Home


@dataclass(frozen=True)
class Part:
    """One process.

    Attributes:
        name: in file names and on the command line.
        title: in sentences.
        command: what is run.
        ready: whether it does its work.
        base: other parts need it, so it starts before them and ends after them.
        patience_s: how long it may take until it is ready.
    """

    name: str
    title: str
    command: Sequence[str]
    ready: probes.Probe
    base: bool = False
    patience_s: float = 60.0


@dataclass(frozen=True)
class Plan:
    """The processes of a Creator, and what they are told through their environment."""

    parts: Sequence[Part]
    environment: Mapping[str, str] = field(default_factory=dict)


def make_plan(settings: Settings, home: Home, *, pages: bool = True) -> Plan:
    """Which parts have to be started: those that are not given from outside.

    Args:
        settings: of this Creator.
        home: where its parts keep what they need.
        pages: whether the web server is one of them.
    """
    found = ports.remembered(home.run / "ports.json", ["valkey", "engine"])
    parts: list[Part] = []
    environment: dict[str, str] = {}
    redis_url = settings.redis_url
    if redis_url is None:
        redis_url = environment["REDIS_URL"] = valkey.url(home, found["valkey"])
        parts.append(_valkey(home, found["valkey"], redis_url))
    if not settings.comfyui_servers:
        environment["COMFYUI_SERVERS"] = f"http://127.0.0.1:{found['engine']}"
        parts.append(_engine(home, found["engine"]))
    if pages:
        parts.append(_web(settings.port))
    parts += [_worker(home, number, redis_url) for number in range(1, settings.workers + 1)]
    parts += [_clock(home), _courier(home)]
    return Plan(parts, environment)


def _valkey(home: Home, port: int, url: str) -> Part:
    command = valkey.command(home, port)
    return Part("valkey", "the queue (Valkey)", command, probes.answers_redis(url), base=True)


def _engine(home: Home, port: int) -> Part:
    folder = str(home.root / "engine")
    command = [sys.executable, "-m", "jobs_worker.embedded_comfyui", "--port", str(port), "--dir", folder]
    ready = probes.answers_http(f"http://127.0.0.1:{port}/system_stats")
    return Part("engine", "the built-in engine", command, ready, base=True)


def _web(port: int) -> Part:
    command = [sys.executable, "-m", "creator_app", "web"]
    address = f"http://127.0.0.1:{port}"
    return Part("web", "the pages", command, probes.answers_http(f"{address}/", f"{address}/readyz"))


def _worker(home: Home, number: int, redis_url: str) -> Part:
    name = f"worker-{number}"
    command = [sys.executable, "-m", "jobs_worker", "worker"]
    ready = probes.works_on_tickets(redis_url, partial(home.pid, name))
    return Part(name, f"worker {number}", command, ready)


def _courier(home: Home) -> Part:
    command = [sys.executable, "-m", "jobs_worker", "courier"]
    return Part("courier", "the courier", command, probes.runs(partial(home.pid, "courier")))


def _clock(home: Home) -> Part:
    command = [sys.executable, "-m", "jobs_worker", "clock"]
    return Part("clock", "the clock", command, probes.runs(partial(home.pid, "clock")))
