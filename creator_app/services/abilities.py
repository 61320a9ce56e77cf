"""Which server can run which recipe: worked out once from what each server says of itself, then looked up."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from creator_app.domain.ability import Catalog, missing
from creator_app.infrastructure.database import db_now
from creator_app.models import Recipe, RecipeVersion, ServerAbility, ServerCatalog
from creator_app.services.unit_of_work import Work


def keep_catalog(work: Work, server_id: UUID, catalog: Catalog) -> None:
    """Notes what a server has, and judges every recipe version by it.

    Args:
        work: a writing transaction.
        server_id: whose.
        catalog: as `creator_app.domain.ability.catalog_of` gave it.
    """
    row = work.session.get(ServerCatalog, server_id) or ServerCatalog(server_id=server_id)
    row.nodes = dict(catalog)
    row.seen_at = db_now(work.session)
    work.session.add(row)
    work.session.exec(delete(ServerAbility).where(col(ServerAbility.server_id) == server_id))
    work.session.add_all(
        _judged(server_id, version, catalog) for version in work.session.exec(select(RecipeVersion))
    )
    work.session.flush()


def judge(work: Work, version: RecipeVersion) -> None:
    """Judges a new recipe version for every server whose catalog is known."""
    work.session.exec(delete(ServerAbility).where(col(ServerAbility.recipe_version_id) == version.id))
    work.session.add_all(
        _judged(catalog.server_id, version, catalog.nodes)
        for catalog in work.session.exec(select(ServerCatalog))
    )
    work.session.flush()


def lacks(work: Work, server_id: UUID, recipe_version_id: UUID, what: str) -> bool:
    """Notes that a server refused a recipe for something that its list had promised.

    Args:
        work: a writing transaction.
        server_id: which.
        recipe_version_id: what it refused.
        what: is missing, for the operator.

    Returns:
        Whether another server can run it.
    """
    row = work.session.get(ServerAbility, (server_id, recipe_version_id))
    if row is not None:
        row.able, row.missing = False, [what[:200]]
        work.session.add(row)
        work.session.flush()
    return any(other.able for other in known(work, recipe_version_id))


def known(work: Work, recipe_version_id: UUID) -> list[ServerAbility]:
    """What is known of the servers and this version, a row for each server that was judged."""
    statement = select(ServerAbility).where(ServerAbility.recipe_version_id == recipe_version_id)
    return list(work.session.exec(statement))


def lacking(work: Work, server_id: UUID) -> list[str]:
    """The recipes that a server can't run now, each with the first thing that it lacks, for the operator."""
    statement = (
        select(Recipe.slug, ServerAbility.missing)
        .join(Recipe, col(Recipe.current_version_id) == col(ServerAbility.recipe_version_id))
        .where(ServerAbility.server_id == server_id, col(ServerAbility.able).is_(False))
        .order_by(col(Recipe.slug))
    )
    return [f"{slug} ({missing[0]})" for slug, missing in work.session.exec(statement)]


def _judged(server_id: UUID, version: RecipeVersion, catalog: Catalog) -> ServerAbility:
    lacking = missing(version.workflow, given_inputs(version.manifest), catalog)
    return ServerAbility(
        server_id=server_id, recipe_version_id=version.id, able=not lacking, missing=lacking[:20]
    )


def given_inputs(manifest: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Node and input of everything that people, or formulas, set."""
    rows = [*manifest.get("inputs", []), *manifest.get("computed", [])]
    return {(str(row.get("node")), str(row.get("input"))) for row in rows}
