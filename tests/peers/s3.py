"""A real S3 server (SeaweedFS), with ports and a folder of its own."""

import os
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from creator_app.errors import StorageError
from creator_app.integrations.storage import open_storage
from tests.peers.creator import free_port

_PATIENCE_S = 30
_PARTS = ("master", "volume", "filer", "admin")


@contextmanager
def running_s3(folder: Path) -> Iterator[str]:
    """Within it the server runs.

    Args:
        folder: where it keeps its files.

    Yields:
        Its address with key and secret, as a STORAGE_URL begins: put ``/bucket?secure=0`` behind it.
    """
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [f"{sysconfig.get_path('scripts')}/weed", "mini", f"-dir={folder}", *_flags(port)],
            env={**os.environ, "AWS_ACCESS_KEY_ID": "creator", "AWS_SECRET_ACCESS_KEY": "se/cret"},
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            address = f"s3://creator:se%2Fcret@127.0.0.1:{port}"
            _wait(process, address)
            yield address
        finally:
            process.kill()
            process.wait()


def _flags(port: int) -> Iterator[str]:
    """Ports of its own, so that two servers never meet; nothing that calls home."""
    yield from (f"-{part}.port={free_port()}" for part in _PARTS)
    yield from (f"-{part}.port.grpc={free_port()}" for part in (*_PARTS, "s3"))
    yield from (f"-s3.port={port}", "-s3.port.iceberg=0", "-s3.port.lance=0", "-ip=127.0.0.1")
    yield from ("-ip.bind=127.0.0.1", "-webdav=false", "-admin.ui=false", "-master.telemetry=false")


def _wait(process: "subprocess.Popen[bytes]", address: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not _answers(address):
        assert process.poll() is None, "the S3 server ended at once"
        assert time.monotonic() < until, f"the S3 server did not answer within {_PATIENCE_S} s"
        time.sleep(0.05)


def _answers(address: str) -> bool:
    try:
        return not open_storage(f"{address}/ready?secure=0", "").exists("none")
    except StorageError:
        return False
