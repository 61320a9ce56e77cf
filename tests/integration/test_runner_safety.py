"""A worker, a real engine and real pictures: what is read there, and what comes back without its prompt."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlmodel import select

from creator_app.bootstrap import Creator
from creator_app.config import Settings
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import Account, Asset, Job, JobAttempt, LedgerEntry, Recipe, RecipeVersion, User
from creator_app.services import abilities, jobs
from creator_app.services.recipes import PreparedJob
from jobs_worker.runner import run_next
from jobs_worker.server_watch import ServerWatch
from tests.engine.conftest import EngineProcess

MANIFEST = {
    "slug": "tone",
    "title": "Tone",
    "description": "Inverts a picture.",
    "inputs": [
        {
            "name": "image",
            "label": "Your picture",
            "type": "image",
            "node": "1",
            "input": "image",
            "required": True,
        }
    ],
    "outputs": [{"node": "3", "label": "Picture"}],
}


def workflow(image: str = "example.png") -> dict[str, Any]:
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": image}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    }


def picture(color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), color).save(buffer, "PNG")
    return buffer.getvalue()


class Shop:
    """A Creator with one engine."""

    def __init__(self, creator: Creator, engine: EngineProcess) -> None:
        self.creator = creator
        self.engine = engine
        creator.settings.comfyui_servers = [engine.url]
        ServerWatch(creator).look()

    def submit(
        self, graph: dict[str, Any], *, give_file: bool = True, limits: dict[str, Any] | None = None
    ) -> UUID:
        with self.creator.uow.write() as work:
            account, recipe = Account(), Recipe(slug=f"tone-{id(graph)}", title="Tone")
            work.session.add_all([account, recipe])
            work.session.flush()
            user = User(account_id=account.id, email=f"{account.id}@example.org")
            manifest = MANIFEST | {"limits": limits or {}}
            version = RecipeVersion(recipe_id=recipe.id, hash="0" * 64, manifest=manifest, workflow=graph)
            asset = self._asset(account.id)
            work.session.add_all([user, version, asset])
            work.session.flush()
            abilities.judge(work, version)
            given = {"asset_id": str(asset.id), "filename": "photo.png", "width": 32, "height": 24}
            inputs = {"image": given} if give_file else {}
            prepared = PreparedJob(version.id, recipe.slug, "Tone", inputs, 1)
            job, _ = jobs.submit(work, account_id=account.id, user_id=user.id, recipe=prepared, source="api")
        return job.id

    def _asset(self, account_id: UUID) -> Asset:
        key = f"inputs/{account_id}/photo.png"
        stored = self.creator.storage.put(key, picture("navy"), "image/png")
        return Asset(
            account_id=account_id,
            kind="input",
            sha256=stored.sha256,
            size_bytes=stored.size,
            content_type="image/png",
            filename="photo.png",
            width=32,
            height=24,
            storage_key=key,
        )

    def run(self, job_id: UUID) -> Job:
        assert run_next(self.creator)
        with self.creator.uow.read() as work:
            job = work.session.get(Job, job_id)
            assert job is not None
            return job

    def rows(self, model: Any) -> list[Any]:
        with self.creator.uow.read() as work:
            return list(work.session.exec(select(model)))

    def history(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.engine.url}/history").json()
        return found


@pytest.fixture
def shop(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Shop]:
    creator = Creator(Settings(database_url=sqlite_url, redis_url=redis_url, creator_home=tmp_path))
    upgrade(sqlite_url)
    engine = EngineProcess(tmp_path / "engine", "--probe-nodes")
    yield Shop(creator, engine)
    engine.process.kill()
    engine.process.wait()
    creator.database.close()


def test_a_result_comes_without_the_prompt_that_the_engine_wrote_into_it(shop: Shop) -> None:
    job = shop.run(shop.submit(workflow()))
    assert job.status == "succeeded", job.error_detail
    (row,) = job.outputs or []
    assert (row["label"], row["content_type"], row["width"], row["height"]) == (
        "Picture",
        "image/png",
        32,
        24,
    )
    (kept,) = shop.creator.storage.list(f"jobs/{job.id}").items
    stored = b"".join(shop.creator.storage.open(kept.key))
    assert b"class_type" not in stored
    (entry,) = shop.history().values()
    (file,) = entry["outputs"]["3"]["images"]
    there = httpx.get(f"{shop.engine.url}/view", params=file).content
    assert b"class_type" in there
    with Image.open(io.BytesIO(stored)) as ours, Image.open(io.BytesIO(there)) as theirs:
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("image", ["../../photo.png", "/etc/hostname", "photo.png [output]", "example.png"])
def test_a_file_that_was_not_uploaded_is_never_asked_for(shop: Shop, image: str) -> None:
    """Whatever got into the database: the last look is right before the prompt is sent."""
    job = shop.run(shop.submit(workflow(image), give_file=False))
    assert (job.status, job.error_code, job.attempts) == ("failed", "invalid_input", 1)
    assert "was not sent" in (job.error_message or "")
    assert shop.history() == {}
    assert [row.kind for row in shop.rows(LedgerEntry)] == ["hold", "release"]


def test_a_result_beyond_the_recipes_limit_fails_with_a_sentence(shop: Shop) -> None:
    job = shop.run(shop.submit(workflow(), limits={"output_bytes": 50}))
    assert (job.status, job.error_code) == ("failed", "too_large")
    assert "larger than this recipe allows" in (job.error_message or "")
    assert shop.creator.storage.list(f"jobs/{job.id}").items == []


def test_a_silent_run_is_ended_by_the_recipes_own_patience(shop: Shop) -> None:
    graph = workflow()
    graph["2"] = {"class_type": "ProbeBlock", "inputs": {"image": ["1", 0], "ms": 4000, "seed": 1}}
    job = shop.run(shop.submit(graph, limits={"idle_seconds": 0.5}))
    assert (job.status, job.error_code) == ("failed", "timeout")
    (attempt,) = shop.rows(JobAttempt)
    assert "said nothing" in (attempt.error_detail or "")
