"""Keys that are renewed, and the line, on the command line."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from creator_app.models import ComfyServer
from creator_app.services import servers
from tests.integration.command_line import CommandLine, command_line
from tests.integration.line_world import LineWorld

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def home(tmp_path: Path, _sqlite_with_tables: Path) -> Path:
    shutil.copy(_sqlite_with_tables, tmp_path / "creator.db")
    return tmp_path


@pytest.fixture
def run(home: Path) -> Iterator[CommandLine]:
    with command_line(home) as run:
        yield run


def test_keys_are_rotated_step_by_step(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_keys(*keys: str) -> str:
        monkeypatch.setenv("ENCRYPTION_KEYS", ",".join(keys))
        with command_line(home) as run:
            answer = run("keys", "rotate", "--json")
            return f"{answer.code} {answer.out.splitlines()[-1]}"

    monkeypatch.setenv("ENCRYPTION_KEYS", OLD)
    with command_line(home) as run, run.creator.uow.write() as work:
        servers.add(work, "http://ann:secret@gpu:1", run.creator.encryptor.encrypt_dict)
    assert with_keys(NEW) == '1 {"changed": 0, "fine": 0, "lost": 1}'
    assert with_keys(NEW, OLD) == '0 {"changed": 1, "fine": 0, "lost": 0}'
    assert with_keys(NEW) == '0 {"changed": 0, "fine": 1, "lost": 0}'
    with command_line(home) as run, run.creator.uow.read() as work:
        kept = servers.find(work, "http://gpu:1").headers_encrypted
        assert kept and run.creator.encryptor.decrypt_dict(kept) == servers.password_header("ann", "secret")


def test_a_lost_key_is_told_in_a_sentence(run: CommandLine) -> None:
    with run.creator.uow.write() as work:
        work.session.add(ComfyServer(url="http://gpu", headers_encrypted="of no key of ours"))
    told = run("keys", "rotate")
    assert told.code == 1 and "1 can't be opened with any of ENCRYPTION_KEYS" in told.out


def test_the_line_is_counted_in_words(run: CommandLine) -> None:
    world = LineWorld.around(run.creator.database)
    assert run("queue", "show").out.startswith("Nothing waits.\n")
    world.submit("ann")
    assert run("queue", "show").out.startswith("1 job of 1 account waits.\n")
    world.submit("ann")
    assert run("queue", "show").out.startswith("2 jobs of 1 account wait.\n")
    world.submit("bob")
    assert run("queue", "show").out.startswith("3 jobs of 2 accounts wait.\n")
    assert json.loads(run("queue", "show", "--json").out)["accounts"] == 2
