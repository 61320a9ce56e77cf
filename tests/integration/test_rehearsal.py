"""A worker rehearses a job before it forks: everything is ready, and nothing of it is left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.infrastructure.migrations import upgrade
from jobs_worker.rehearsal import rehearse, rehearse_statements


@pytest.fixture
def creator(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Creator]:
    settings = Settings(database_url=database_url, redis_url=redis_url, creator_home=tmp_path)
    made = Creator(settings)
    yield made
    made.database.close()


def test_nothing_is_left_and_nobody_is_told(creator: Creator) -> None:
    upgrade(creator.settings.database_url)
    before = _everything(creator)
    rehearse(creator)
    assert _everything(creator) == before
    assert creator.tickets.waiting() == 0


def _everything(creator: Creator) -> dict[str, list[Any]]:
    with creator.uow.read() as work:
        return {
            table.name: list(work.session.execute(select(table)).all())
            for table in SQLModel.metadata.sorted_tables
        }


def test_the_second_one_compiles_nothing(creator: Creator) -> None:
    upgrade(creator.settings.database_url)
    rehearse(creator)
    compiled = set(creator.database.engine._compiled_cache)
    rehearse_statements(creator)
    assert set(creator.database.engine._compiled_cache) == compiled


def test_a_database_without_tables_stops_no_worker(creator: Creator) -> None:
    rehearse(creator)
