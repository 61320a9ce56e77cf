"""The pool of servers as operators see it: one shape for the page, the REST interface and programs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from sqlmodel import col, select

from creator_app.errors import NotFound
from creator_app.models import ComfyServer, Job, JobAttempt, Recipe, ServerAbility, User
from creator_app.services import servers
from creator_app.services.unit_of_work import Work

#: How far back one looks for what servers did lately: bounded, however long a Creator has been running.
_LATELY: Final = 400
#: Runs that are shown of each server.
_RUNS_SHOWN: Final = 20


class DeviceView(BaseModel):
    """A device of a server; memory in bytes, ``None`` where it does not say."""

    name: str
    memory_bytes: int | None = None
    free_bytes: int | None = None


class RunningView(BaseModel):
    """A job that holds one of a server's slots, and whose it is."""

    job_id: UUID
    recipe_title: str
    email: str | None
    started_at: datetime


class RunView(BaseModel):
    """A run that has ended there."""

    outcome: str
    error_kind: str | None
    error_detail: str | None
    ended_at: datetime


class RecipeAbility(BaseModel):
    """A recipe and what the server lacks for it: node classes, and models by the input that names them."""

    slug: str
    title: str
    able: bool
    missing: list[str]


class ServerView(BaseModel):
    """A server of the pool. Passwords and headers are never in it; only whether there are any.

    Attributes:
        name: what operators call it.
        state: ``online``, ``offline``, ``draining`` or ``quarantined``.
        asked: somebody has tried to reach it; before that, ``offline`` says nothing.
        built_in: it is Creator's own engine.
        version: of ComfyUI, as the server says.
        ram_bytes: main memory.
        recipes: those that are published, once the server was asked what it has; else empty.
        runs: what ended there lately, newest first.
    """

    id: UUID
    name: str | None
    url: str
    state: str
    asked: bool
    slots: int
    running: list[RunningView]
    built_in: bool
    version: str | None
    devices: list[DeviceView]
    ram_bytes: int | None
    ram_free_bytes: int | None
    from_settings: bool
    has_secret: bool
    failures: int
    quarantined_until: datetime | None
    last_seen_at: datetime | None
    last_error: str | None
    recipes: list[RecipeAbility]
    runs: list[RunView]


def views(work: Work) -> list[ServerView]:
    """All servers, the oldest first."""
    running, recipes, runs = _running(work), _recipes(work), _runs(work)
    return [
        _view(row, running.get(row.id, []), recipes.get(row.id, []), runs.get(row.id, []))
        for row in servers.every(work)
    ]


def view(work: Work, server_id: UUID) -> ServerView:
    """One server.

    Raises:
        NotFound: there is none with this id.
    """
    for found in views(work):
        if found.id == server_id:
            return found
    raise NotFound("There is no such server.", hint="It may have been removed. Look at the list.")


def _view(
    row: ComfyServer,
    running: Sequence[RunningView],
    recipes: Sequence[RecipeAbility],
    runs: Sequence[RunView],
) -> ServerView:
    system = _mapping((row.info or {}).get("system"))
    return ServerView(
        **row.model_dump(include=set(ServerView.model_fields)),
        asked=servers.was_asked(row),
        has_secret=bool(row.headers_encrypted),
        running=list(running),
        built_in=servers.is_built_in(row),
        version=str(system["comfyui_version"])[:40] if system.get("comfyui_version") else None,
        devices=_devices(row.info or {}),
        ram_bytes=_bytes(system.get("ram_total")),
        ram_free_bytes=_bytes(system.get("ram_free")),
        recipes=list(recipes),
        runs=list(runs),
    )


def _running(work: Work) -> dict[UUID, list[RunningView]]:
    statement = (
        select(JobAttempt, Job.recipe_title, User.email)
        .join(Job, col(Job.id) == col(JobAttempt.job_id))
        .outerjoin(User, col(User.id) == col(Job.user_id))
        .where(col(JobAttempt.slot).is_not(None), col(JobAttempt.server_id).is_not(None))
        .order_by(col(JobAttempt.started_at))
    )
    found: dict[UUID, list[RunningView]] = {}
    for attempt, title, email in work.session.exec(statement):
        row = RunningView(
            job_id=attempt.job_id, recipe_title=title, email=email, started_at=attempt.started_at
        )
        if attempt.server_id is not None:
            found.setdefault(attempt.server_id, []).append(row)
    return found


def _recipes(work: Work) -> dict[UUID, list[RecipeAbility]]:
    statement = (
        select(ServerAbility, Recipe.slug, Recipe.title)
        .join(Recipe, col(Recipe.current_version_id) == col(ServerAbility.recipe_version_id))
        .where(col(Recipe.enabled))
        .order_by(col(Recipe.position), col(Recipe.slug))
    )
    found: dict[UUID, list[RecipeAbility]] = {}
    for row, slug, title in work.session.exec(statement):
        ability = RecipeAbility(slug=slug, title=title, able=row.able, missing=row.missing)
        found.setdefault(row.server_id, []).append(ability)
    return found


def _runs(work: Work) -> dict[UUID, list[RunView]]:
    # By id, which is by time: the newest are read from the end of the primary key.
    statement = select(JobAttempt).order_by(col(JobAttempt.id).desc()).limit(_LATELY)
    ended = [row for row in work.session.exec(statement) if row.ended_at is not None]
    found: dict[UUID, list[RunView]] = {}
    for row in sorted(ended, key=lambda one: one.ended_at or one.started_at, reverse=True):
        of_server = found.setdefault(row.server_id, []) if row.server_id else []
        if row.outcome and len(of_server) < _RUNS_SHOWN:
            of_server.append(RunView(**row.model_dump(include=set(RunView.model_fields))))
    return found


def _devices(info: Mapping[str, Any]) -> list[DeviceView]:
    devices = info.get("devices")
    return [
        DeviceView(
            name=_device_name(device),
            memory_bytes=_bytes(device.get("vram_total")),
            free_bytes=_bytes(device.get("vram_free")),
        )
        for device in (devices if isinstance(devices, list) else [])
        if isinstance(device, Mapping)
    ]


def _device_name(device: Mapping[str, Any]) -> str:
    # "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync": what comes after the colon is its allocator.
    name = str(device.get("name") or device.get("type") or "cpu").split(" : ")[0].strip()
    return "CPU" if name == "cpu" else name[:100]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _bytes(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value > 0 else None
