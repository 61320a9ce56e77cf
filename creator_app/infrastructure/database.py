"""The database behind one small door: SQLite or PostgreSQL, reads, writes, the database's clock.

SQLite: a transaction that will write begins with ``BEGIN IMMEDIATE``. One that began as a read and turned
into a write would fail at once with "database is locked" while another writes, without waiting.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

BUSY_TIMEOUT_MS: Final = 10_000
_CONNECT_TIMEOUT_S: Final = 5
_WRITES = "creator_writes"
_DURABLE = "creator_durable"


class Database:
    """A database, connected to on first use.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://user:password@host/name``.
    """

    def __init__(self, url: str) -> None:
        self.url = normal_url(url)
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine with its pool; belongs to this process."""
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    self._engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url)
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self.url.startswith("sqlite")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads; whatever it changes is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Session]:
        """A session in one transaction: commits at the end, rolls back on an error.

        Args:
            durable: the commit outlives a loss of power too, for what somebody is promised at once. Without
                it SQLite may forget the last moments then, never a part of them; PostgreSQL never does.

        Raises:
            sqlalchemy.exc.OperationalError: another writer held SQLite for longer than the busy timeout.
        """
        options = {_WRITES: True, _DURABLE: durable}
        with Session(self.engine.execution_options(**options), expire_on_commit=False) as session:
            # Take the write lock now: what is read from here on stays true until the commit.
            session.connection()
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def ping(self) -> bool:
        """Whether the database answers."""
        try:
            with self.engine.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def disconnect(self) -> None:
        """Closes the connections that nobody uses; the next use opens new ones. Statements stay compiled."""
        if self._engine is not None:
            self._engine.dispose()

    def dispose_after_fork(self) -> None:
        """Forgets connections that came from the parent process, without closing them for the parent."""
        self._lock = threading.Lock()  # another thread of the parent may have held it
        if self._engine is not None:
            self._engine.dispose(close=False)

    def close(self) -> None:
        """Closes all connections and forgets the engine."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()


def db_now(session: Session) -> datetime:
    """The database's clock, the one clock that all processes share; aware, UTC."""
    if session.get_bind().dialect.name == "sqlite":
        text = (
            session.connection().execute(sa.text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()
        )
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    # clock_timestamp() goes on within a transaction, now() stands still.
    now: datetime = session.connection().execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)


def normal_url(url: str) -> str:
    """The URL with the driver that Creator uses: psycopg 3 for PostgreSQL."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def _sqlite_engine(url: str) -> Engine:
    file = sa.make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin_sqlite)
    _refuse_foreign_process(engine)
    return engine


def _postgres_engine(url: str) -> Engine:
    engine = sa.create_engine(
        url,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=20,
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "options": "-c timezone=UTC -c lock_timeout=10s",
        },
    )
    _refuse_foreign_process(engine)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    # Python's driver must not begin transactions by itself: `_begin_sqlite` says how they begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    # The timeout comes first: switching to WAL needs a lock, too.
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_WRITES, False):
        connection.exec_driver_sql("BEGIN")
        return
    # FULL waits at the commit until the log is on the disk: https://sqlite.org/pragma.html#pragma_synchronous
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get(_DURABLE) else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_foreign_process(engine: Engine) -> None:
    """A pooled connection only goes to the process that opened it, even if nobody disposed after a fork."""

    def on_connect(_connection: Any, record: Any) -> None:
        record.info["pid"] = os.getpid()

    def on_checkout(_connection: Any, record: Any, proxy: Any) -> None:
        if record.info.get("pid") != os.getpid():
            record.dbapi_connection = proxy.dbapi_connection = None
            raise sa.exc.DisconnectionError("This connection belongs to the parent process.")

    listen: Callable[..., None] = event.listen
    listen(engine, "connect", on_connect)
    listen(engine, "checkout", on_checkout)
