"""All files brought to another storage: whole, once, and further after a death in the middle."""

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from creator_app.errors import CreatorError, NotFound
from creator_app.models import Account, Asset
from creator_app.models.base import new_id
from tests.integration.command_line import CommandLine, command_line

FILES = 60


@pytest.fixture
def home(tmp_path: Path, _sqlite_with_tables: Path) -> Path:
    shutil.copy(_sqlite_with_tables, tmp_path / "creator.db")
    return tmp_path


@pytest.fixture
def run(home: Path) -> Iterator[CommandLine]:
    with command_line(home) as run:
        yield run


@pytest.fixture
def bucket(s3_server: str) -> str:
    return f"{s3_server}/move-{secrets.token_hex(4)}?secure=0"


def fill(run: CommandLine, number: int = FILES) -> dict[str, bytes]:
    """Files with rows, and one that no row names."""
    data = {f"jobs/a/{n:03}": os.urandom(2000) + bytes(n) for n in range(number)}
    with run.creator.uow.write() as work:
        account = Account(id=new_id())
        work.session.add(account)
        work.session.flush()
        for key, content in data.items():
            run.creator.storage.put(key, content)
            work.session.add(
                Asset(
                    account_id=account.id,
                    kind="output",
                    sha256=hashlib.sha256(content).hexdigest(),
                    size_bytes=len(content),
                    content_type="image/webp",
                    filename="a.webp",
                    storage_key=key,
                )
            )
    data["samples/one.png"] = b"no row knows this"
    run.creator.storage.put("samples/one.png", data["samples/one.png"])
    return data


def test_everything_lies_at_the_new_place_and_nothing_goes_twice(run: CommandLine, bucket: str) -> None:
    data = fill(run)
    first = run("storage", "move", bucket)
    assert (first.code, f"{len(data)} copied" in first.out) == (0, True), first.out
    assert bucket.split("@", maxsplit=1)[0] not in first.out, "no secret is shown"
    there = run.creator.storage_at(bucket)
    assert {key: b"".join(there.open(key)) for key in data} == data
    assert there.stat("jobs/a/000").content_type == "image/webp"
    run.creator.storage.put("jobs/b/0", b"came meanwhile")
    again = run("storage", "move", bucket)
    assert f"1 copied, {len(data)} lay there already" in again.out
    assert {key: b"".join(run.creator.storage.open(key)) for key in data} == data, "nothing was deleted"


def test_what_was_copied_is_deleted_only_when_asked(run: CommandLine, bucket: str) -> None:
    data = fill(run, 5)
    answer = run("storage", "move", bucket, "--delete-source")
    assert answer.code == 0 and "Nothing is left where the files were" in answer.out
    with pytest.raises(NotFound):
        run.creator.storage.stat("jobs/a/000")
    there = run.creator.storage_at(bucket)
    assert {key: b"".join(there.open(key)) for key in data} == data


def test_a_content_that_is_not_what_it_was_is_named_and_left(run: CommandLine, bucket: str) -> None:
    fill(run, 3)
    run.creator.storage.put("jobs/a/001", b"rotten")
    answer = run("storage", "move", bucket)
    assert answer.code == 1
    assert "jobs/a/001: its content is not what was stored once" in answer.out
    assert "1 file could not be copied" in answer.out
    assert not run.creator.storage_at(bucket).exists("jobs/a/001")
    assert run.creator.storage_at(bucket).exists("jobs/a/002")


def test_the_same_place_and_none_are_refused(run: CommandLine) -> None:
    for wrong in (run.creator.settings.storage_url, "", "ftp://host/x", "s3://host", "nothing"):
        assert isinstance(run("storage", "move", wrong).error, CreatorError), wrong


def test_a_killed_move_goes_on_where_it_was(run: CommandLine, bucket: str, home: Path) -> None:
    data = fill(run, 300)
    command = [sys.executable, "-m", "creator_app", "storage", "move", bucket]
    process = subprocess.Popen(
        command, env={**os.environ, "CREATOR_HOME": str(home)}, stderr=subprocess.DEVNULL
    )
    there = run.creator.storage_at(bucket)
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if _is_begun(run, bucket):
            break
        time.sleep(0.02)
    process.kill()
    process.wait()
    answer = run("storage", "move", bucket)
    assert answer.code == 0 and f"{len(data)} copied" not in answer.out, answer.out
    assert {key: b"".join(there.open(key)) for key in data} == data


def _is_begun(run: CommandLine, bucket: str) -> bool:
    try:
        return bool(run.creator.storage_at(bucket).list(limit=1).items)
    except Exception:  # noqa: BLE001  there is no bucket yet
        return False
