"""How long each kind of node takes in a recipe, learnt from past runs."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from creator_app.models import NodeTiming
from creator_app.services.unit_of_work import Work

#: How much the newest run counts; the first runs count more, so that one bad start is soon forgotten.
_NEWEST: Final = 0.2


def weights(work: Work, recipe_version_id: UUID) -> dict[str, float]:
    """Seconds by node class; empty for a recipe that never ran.

    Args:
        work: a transaction.
        recipe_version_id: which version of which recipe.
    """
    statement = select(NodeTiming).where(NodeTiming.recipe_version_id == recipe_version_id)
    return {row.node_class: row.seconds for row in work.session.exec(statement)}


def record(work: Work, recipe_version_id: UUID, seconds_by_class: Mapping[str, float]) -> None:
    """Adds what a run took, as a moving average.

    Args:
        work: a writing transaction.
        recipe_version_id: what ran.
        seconds_by_class: for the classes that really ran; cached nodes say nothing.
    """
    if not seconds_by_class:
        return
    statement = (
        select(NodeTiming)
        .where(NodeTiming.recipe_version_id == recipe_version_id)
        .order_by(col(NodeTiming.node_class))  # always locked in one order
        .with_for_update()
    )
    known = {row.node_class: row for row in work.session.exec(statement)}
    for node_class, seconds in seconds_by_class.items():
        row = known.get(node_class)
        if row is None:
            row = NodeTiming(recipe_version_id=recipe_version_id, node_class=node_class, seconds=seconds)
        else:
            row.runs += 1
            share = max(_NEWEST, 1 / row.runs)
            row.seconds += share * (seconds - row.seconds)
        work.session.add(row)
