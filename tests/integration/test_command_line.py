"""The command line's own promises that need no running Creator."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from creator_app.cli.run import _new_file
from creator_app.infrastructure.migrations import upgrade
from tests.integration.command_line import command_line

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    upgrade(f"sqlite:///{tmp_path / 'creator.db'}")
    return tmp_path


def command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    swapped = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "COMFYUI_SERVERS", "CREATOR_STACK")
    kept = {name: value for name, value in os.environ.items() if name not in swapped}
    return subprocess.run(
        [sys.executable, "-m", "creator_app", *arguments],
        cwd=ROOT,
        env={**kept, "CREATOR_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_results_of_pictures_with_one_name_are_kept_apart(tmp_path: Path) -> None:
    def write(content: bytes) -> str:
        target, file = _new_file(tmp_path, Path("IMG_0001-story.png"))
        opened: BinaryIO
        with file as opened:
            opened.write(content)
        return target.name

    assert [write(b"a"), write(b"b"), write(b"c")] == [
        "IMG_0001-story.png",
        "IMG_0001-story-2.png",
        "IMG_0001-story-3.png",
    ]
    assert (tmp_path / "IMG_0001-story.png").read_bytes() == b"a"


def test_a_file_where_results_shall_go_is_told_in_a_sentence(home: Path) -> None:
    (home / "out").write_text("I am here already.")
    answer = command(home, "run", "story", "x.jpg", "-o", str(home / "out"))
    assert answer.returncode == 1
    assert "can't be a folder: a file has this name" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_people_are_listed_and_get_keys_and_passwords(home: Path) -> None:
    with command_line(home) as run:
        assert run("user", "add", "ann@example.org", "--admin").code == 0
        listed = json.loads(run("user", "list", "--json").out)
        assert listed == [{"email": "ann@example.org", "role": "admin", "signs_in": True}]
        assert run("user", "key", "ann@example.org").out.startswith("crt_")
        assert "Password: " in run("user", "password", "ANN@example.org").out
        nobody = run("user", "key", "bob@example.org")
    assert nobody.error and "Nobody has the address" in nobody.error.message


def test_an_unknown_status_is_named(home: Path) -> None:
    answer = command(home, "jobs", "list", "--status", "bogus")
    assert answer.returncode == 1
    assert "queued, running" in answer.stderr
