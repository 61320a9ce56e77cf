"""The database's door: the same behaviour over SQLite and PostgreSQL."""

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from creator_app.infrastructure.database import Database, db_now, normal_url


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    with database.write() as session:
        session.connection().execute(sa.text("CREATE TABLE owner (id INTEGER PRIMARY KEY)"))
        session.connection().execute(
            sa.text(
                "CREATE TABLE thing (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES owner (id), n INTEGER)"
            )
        )
    yield database
    database.close()


def run(session, sql, **values):
    return session.connection().execute(sa.text(sql), values)


def count(database, table="owner"):
    with database.read() as session:
        return run(session, f"SELECT count(*) FROM {table}").scalar_one()


def test_a_write_commits_at_its_end(database):
    with database.write() as session:
        run(session, "INSERT INTO owner VALUES (1)")
    assert count(database) == 1


def test_a_write_that_fails_leaves_nothing(database):
    with pytest.raises(RuntimeError), database.write() as session:
        run(session, "INSERT INTO owner VALUES (1)")
        raise RuntimeError
    assert count(database) == 0


def test_a_write_may_be_rolled_back_inside(database):
    with database.write() as session:
        run(session, "INSERT INTO owner VALUES (1)")
        session.rollback()
    assert count(database) == 0


def test_a_read_changes_nothing(database):
    with database.read() as session:
        run(session, "INSERT INTO owner VALUES (1)")
    assert count(database) == 0


def test_foreign_keys_hold(database):
    with pytest.raises(IntegrityError), database.write() as session:
        run(session, "INSERT INTO thing VALUES (1, 99, 0)")


def test_the_databases_clock_is_aware_and_goes_on_within_a_transaction(database):
    with database.read() as session:
        first = db_now(session)
        time.sleep(0.02)
        second = db_now(session)
    assert first.utcoffset() == timedelta(0)
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=5)
    assert second > first


def test_concurrent_increments_are_all_counted(database):
    with database.write() as session:
        run(session, "INSERT INTO thing VALUES (1, NULL, 0)")
    lock = "" if database.is_sqlite else " FOR UPDATE"

    def increment():
        for _ in range(10):
            with database.write() as session:
                n = run(session, f"SELECT n FROM thing WHERE id = 1{lock}").scalar_one()
                time.sleep(0.001)
                run(session, "UPDATE thing SET n = :n WHERE id = 1", n=n + 1)

    threads = [threading.Thread(target=increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert run(session, "SELECT n FROM thing").scalar_one() == 40


def test_ping_tells_whether_it_answers(database):
    assert database.ping()
    assert not Database("postgresql://nobody@127.0.0.1:1/none").ping()


def test_nothing_is_connected_to_before_the_first_use(tmp_path):
    Database(f"sqlite:///{tmp_path / 'deep' / 'a.db'}")
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("dispose", [True, False])
def test_a_forked_child_works_and_leaves_the_parents_connection_alone(database, dispose):
    with database.read() as session:  # a connection is in the pool now
        run(session, "SELECT 1")
    assert _in_child(lambda: _child_writes(database, dispose)) == 0
    with database.write() as session:
        run(session, "INSERT INTO owner VALUES (2)")
    assert count(database) == 2


def _child_writes(database, dispose):
    if dispose:
        database.dispose_after_fork()
    with database.write() as session:
        run(session, "INSERT INTO owner VALUES (1)")


def _in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 (nothing may leave the child)
            os.write(2, repr(error).encode())
            os._exit(1)
    return os.waitpid(pid, 0)[1]


def test_a_read_goes_on_while_another_writes(database):
    with database.write() as writing:
        run(writing, "INSERT INTO owner VALUES (1)")
        assert count(database) == 0
    assert count(database) == 1


def test_sqlite_keeps_its_promises(sqlite_url):
    database = Database(sqlite_url)
    with database.read() as session:
        values = {
            name: run(session, f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "busy_timeout", "foreign_keys", "synchronous")
        }
    assert values == {"journal_mode": "wal", "busy_timeout": 10_000, "foreign_keys": 1, "synchronous": 1}


@pytest.mark.parametrize(("durable", "level"), [(False, 1), (True, 2)])
def test_what_was_promised_waits_for_the_disk(sqlite_url, durable, level):
    database = Database(sqlite_url)
    with database.write(durable=not durable):
        pass
    with database.write(durable=durable) as session:
        assert run(session, "PRAGMA synchronous").scalar_one() == level


def test_a_sqlite_write_takes_its_lock_at_the_beginning(sqlite_url):
    """So a second writer waits at its beginning, and never fails in the middle."""
    database = Database(sqlite_url)
    entered = threading.Event()

    def second():
        with database.write():
            entered.set()

    with database.write():
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.3)
    assert entered.wait(5)
    thread.join()


def test_a_killed_sqlite_writer_leaves_nothing_half_done(sqlite_url):
    database = Database(sqlite_url)
    with database.write() as session:
        run(session, "CREATE TABLE owner (id INTEGER PRIMARY KEY)")

    def die():
        database.dispose_after_fork()
        with database.write() as session:
            run(session, "INSERT INTO owner VALUES (1)")
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.WTERMSIG(_in_child(die)) == signal.SIGKILL
    assert count(database) == 0


@pytest.mark.parametrize("scheme", ["postgres://", "postgresql://", "postgresql+psycopg://"])
def test_postgresql_is_reached_through_psycopg_3(scheme):
    assert normal_url(f"{scheme}u:p@h/d") == "postgresql+psycopg://u:p@h/d"


def test_a_sqlite_file_may_lie_in_any_folder(tmp_path: Path):
    folder = tmp_path / "with space ü"
    database = Database(f"sqlite:///{folder / 'creator.db'}")
    assert database.ping()
    assert (folder / "creator.db").is_file()
