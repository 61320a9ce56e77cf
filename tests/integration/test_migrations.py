"""Models and migrations say the same, up and down, and rows survive."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from creator_app.infrastructure.database import Database
from creator_app.infrastructure.migrations import downgrade, upgrade
from creator_app.models import Account, User


def test_models_and_migrations_agree(database_url: str) -> None:
    upgrade(database_url)
    database = Database(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    database.close()


def test_every_constraint_has_its_name(database_url: str) -> None:
    upgrade(database_url)
    database = Database(database_url)
    inspector = sa.inspect(database.engine)
    names = {check["name"] for check in inspector.get_check_constraints("job")}
    uniques = {unique["name"] for unique in inspector.get_unique_constraints("ledger_entry")}
    database.close()
    assert "ck_job_status" in names
    assert "uq_ledger_entry_job_id_kind" in uniques


def test_down_leaves_nothing_and_up_again_works(database_url: str) -> None:
    upgrade(database_url)
    downgrade(database_url, "base")
    database = Database(database_url)
    assert set(sa.inspect(database.engine).get_table_names()) <= {"alembic_version"}
    upgrade(database_url)
    assert "job" in sa.inspect(database.engine).get_table_names()
    database.close()


def test_applying_again_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    database = Database(database_url)
    with database.write() as session:
        account = Account(name="ann")
        session.add(account)
        session.flush()
        session.add(User(account_id=account.id, email="ann@example.org"))
    upgrade(database_url)
    with database.read() as session:
        assert session.get(Account, account.id) is not None
    database.close()
