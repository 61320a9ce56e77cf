"""What operators do with servers on the command line."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from creator_app.services import servers
from tests.integration.command_line import CommandLine, command_line
from tests.peers.web import answering


@pytest.fixture
def run(tmp_path: Path, _sqlite_with_tables: Path) -> Iterator[CommandLine]:
    shutil.copy(_sqlite_with_tables, tmp_path / "creator.db")
    with command_line(tmp_path) as run:
        yield run


def test_adding_says_how_it_went(run: CommandLine) -> None:
    with answering(401, b"") as locked:
        added = run("servers", "add", locked, "--name", "rented")
        assert added.code == 0
        assert "wants a password" in added.out and "https://user:password@host" in added.out
        again = run("servers", "add", locked.replace("127.0.0.1", "localhost"))
        assert again.error and 'already, as "rented"' in again.error.message
        changed = run("servers", "add", locked.replace("://", "://me:secret@"), "--json")
    answer = json.loads(changed.out)
    assert (answer["new"], answer["answers"], answer["name"]) == (False, False, "rented")
    assert "secret" not in changed.out
    listed = run("servers", "list").out
    assert "rented" in listed and "wants a password" in listed


def test_what_is_no_comfyui_is_not_added(run: CommandLine) -> None:
    with answering(200, b"<html>") as other:
        wrong = run("servers", "add", other)
    assert wrong.error and "not a ComfyUI" in wrong.error.message and "8188" in wrong.error.hint
    own = run("servers", "add", "http://localhost:3000")
    assert own.error and "Creator's own address" in own.error.message
    assert json.loads(run("servers", "list", "--json").out) == []


def test_a_server_that_answers_is_described(run: CommandLine) -> None:
    answer = (
        b'{"system": {"comfyui_version": "9.9"}, "devices": [{"name": "cuda:0 X", "vram_total": 8589934592}]}'
    )
    with answering(200, answer) as url:
        added = run("servers", "add", url, "--name", "gpu")
    assert "it answers: ComfyUI 9.9 on cuda:0 X with 8 GiB." in added.out
    assert "online" in run("servers", "list").out


def test_until_somebody_asked_nothing_is_said_of_it(run: CommandLine) -> None:
    with run.creator.uow.write() as work:
        servers.add(work, "http://127.0.0.1:9", str, name="new")
    assert "not asked yet" in run("servers", "list").out


def test_draining_and_removing_say_whom(run: CommandLine) -> None:
    with run.creator.uow.write() as work:
        servers.add(work, "http://127.0.0.1:9", str, name="one")
    assert run("servers", "drain", "ONE").out == "one gets nothing new; it is idle.\n"
    assert "gets nothing new" in run("servers", "list").out
    assert run("servers", "remove", "localhost:9").out == "one is out of the pool.\n"
    gone = run("servers", "drain", "one")
    assert gone.error and gone.error.message == 'There is no server "one".'
