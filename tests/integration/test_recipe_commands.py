"""Recipes on the command line: what is wrong with one, and where it could run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from creator_app.domain.ability import catalog_of
from creator_app.models import ComfyServer
from creator_app.services import abilities
from creator_app.services.recipe_folders import SHIPPED
from tests.engine.conftest import ROOT
from tests.integration.command_line import CommandLine, command_line

STORY = str(SHIPPED / "story")


@pytest.fixture
def run(tmp_path: Path, _sqlite_with_tables: Path) -> Iterator[CommandLine]:
    shutil.copy(_sqlite_with_tables, tmp_path / "creator.db")
    with command_line(tmp_path) as run:
        yield run


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A recipe of an operator's own, which needs a node that hardly anybody has."""
    folder = tmp_path / "own"
    shutil.copytree(STORY, folder)
    manifest = folder / "recipe.toml"
    manifest.write_text(manifest.read_text().replace('slug = "story"', 'slug = "own"'))
    workflow = folder / "workflow_api.json"
    graph = json.loads(workflow.read_text())
    node = next(node for node in graph.values() if node["class_type"] == "ImageBlur")
    node["class_type"] = "RareBlur"
    workflow.write_text(json.dumps(graph))
    return folder


def has(run: CommandLine, name: str, *nodes: str) -> None:
    """Puts a server into the pool that has these node classes beside the ones of the recipe that ships."""
    core = {node["class_type"] for node in json.loads(Path(STORY, "workflow_api.json").read_text()).values()}
    with run.creator.uow.write() as work:
        server = ComfyServer(url=f"http://{name}", name=name, state="online")
        work.session.add(server)
        work.session.flush()
        abilities.keep_catalog(work, server.id, catalog_of({node: {} for node in {*core, *nodes}}))


def test_a_recipe_that_runs_everywhere(run: CommandLine) -> None:
    has(run, "one")
    has(run, "two")
    checked = run("recipe", "check", "story")
    assert checked.out == "This recipe is fine.\nEvery server of the pool can run it: one, two.\n"


def test_a_node_that_nobody_has_is_named(run: CommandLine, own: Path) -> None:
    has(run, "one")
    has(run, "two")
    for command in ("check", "import"):
        told = run("recipe", command, str(own))
        assert told.code == 0
        assert "No server of the pool can run it now" in told.out
        assert "No server of the pool has the node RareBlur." in told.out


def test_a_node_that_some_have(run: CommandLine, own: Path) -> None:
    has(run, "one")
    has(run, "two", "RareBlur")
    with run.creator.uow.write() as work:
        work.session.add(ComfyServer(url="http://three", name="three"))
    out = run("recipe", "import", str(own)).out
    assert "1 of 2 servers can run it: two." in out
    assert "one lacks the node RareBlur." in out
    assert "Nobody knows yet of: three." in out
    told = json.loads(run("recipe", "check", str(own), "--json").out)
    assert told == {
        "problems": [],
        "servers": [
            {"server": "one", "lacks": ["node RareBlur"]},
            {"server": "two", "lacks": []},
            {"server": "three", "lacks": None},
        ],
    }


def test_a_recipe_with_faults_is_not_looked_for(run: CommandLine, own: Path) -> None:
    (own / "workflow_api.json").unlink()
    told = run("recipe", "check", str(own))
    assert told.code == 1 and "missing" in told.out and "server" not in told.out


def test_an_empty_pool_is_said(run: CommandLine) -> None:
    assert "no server in the pool yet" in run("recipe", "check", "story").out
    with run.creator.uow.write() as work:
        work.session.add(ComfyServer(url="http://new"))
    assert "No server of the pool has said yet" in run("recipe", "check", "story").out


def test_a_recipe_is_checked_where_there_is_no_creator(tmp_path: Path) -> None:
    with command_line(tmp_path) as run:
        told = run("recipe", "check", "story")
    assert told.code == 0 and "This recipe is fine.\nThere is no Creator here" in told.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["doctor"], ["jobs", "list"], ["recipe", "list"]])
def test_a_home_that_is_none_is_left_alone(tmp_path: Path, command: list[str]) -> None:
    home = tmp_path / "none"
    told = _main(home, *command)
    assert told.returncode == 1 and "CREATOR_HOME" in told.stderr and str(home) in told.stderr
    assert not home.exists()


def test_a_database_without_tables_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "creator.db").touch()
    told = _main(tmp_path, "jobs", "list")
    assert told.returncode == 1 and "migrate" in told.stderr and "Traceback" not in told.stderr


def _main(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "creator_app", *command],
        cwd=ROOT,
        env={**kept, "CREATOR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
