"""Which servers of the pool could run a recipe, in sentences for whoever writes or publishes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import col, select

from creator_app.domain.ability import missing
from creator_app.models import ComfyServer, ServerCatalog
from creator_app.services import servers
from creator_app.services.abilities import given_inputs
from creator_app.services.unit_of_work import Work

_NAMED: Final = 6


@dataclass(frozen=True)
class Fit:
    """A server and what it lacks for a recipe.

    Attributes:
        server: what operators call it.
        lacks: node classes, and models by the input that names them; ``None`` where nobody has asked yet
            what the server has.
    """

    server: str
    lacks: list[str] | None


def fits(work: Work, workflow: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[Fit]:
    """Looks at every server of the pool, the oldest first.

    Args:
        work: a transaction.
        workflow: in API format.
        manifest: as a recipe version keeps it.
    """
    statement = (
        select(ComfyServer, ServerCatalog)
        .outerjoin(ServerCatalog, col(ServerCatalog.server_id) == col(ComfyServer.id))
        .order_by(col(ComfyServer.created_at))
    )
    given = given_inputs(manifest)
    return [
        Fit(servers.label(row) or row.url, missing(workflow, given, known.nodes) if known else None)
        for row, known in work.session.exec(statement)
    ]


def sentences(found: Sequence[Fit]) -> list[str]:
    """What `fits` found, in words."""
    asked = [fit for fit in found if fit.lacks is not None]
    if not found:
        return ["There is no server in the pool yet, so nobody knows where it can run."]
    if not asked:
        return ["No server of the pool has said yet what it has, so nobody knows where it can run."]
    able = [fit.server for fit in asked if not fit.lacks]
    return [_summary(asked, able), *_lacking(asked), *_unasked(found)]


def _summary(asked: Sequence[Fit], able: Sequence[str]) -> str:
    if len(able) == len(asked):
        return f"Every server of the pool can run it: {_list(able)}."
    if able:
        return f"{len(able)} of {len(asked)} servers can run it: {_list(able)}."
    return "No server of the pool can run it now, and its jobs are not taken until one can."


def _lacking(asked: Sequence[Fit]) -> list[str]:
    """What nobody has is said once, the rest server by server."""
    unable = [fit for fit in asked if fit.lacks]
    nowhere = set.intersection(*(set(fit.lacks or ()) for fit in asked))
    told = [f"No server of the pool has {_thing(what)}." for what in sorted(nowhere)]
    for fit in unable:
        rest = [_thing(what) for what in fit.lacks or () if what not in nowhere]
        if rest:
            told.append(f"{fit.server} lacks {_list(rest)}.")
    return told


def _unasked(found: Sequence[Fit]) -> list[str]:
    unknown = [fit.server for fit in found if fit.lacks is None]
    return [f"Nobody knows yet of: {_list(unknown)}."] if unknown else []


def _thing(what: str) -> str:
    """``node X`` and ``Class.input: value`` as people say them."""
    if what.startswith("node "):
        return f"the node {what.removeprefix('node ')}"
    where, _, value = what.partition(": ")
    return f'"{value}" (for {where})'


def _list(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
