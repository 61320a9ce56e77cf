"""One attempt's conversation with its ComfyUI server, from staging the inputs to the finished prompt.

An attempt that was taken over asks the server about its prompt id first, so that work which was done is
not done again.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from creator_app.bootstrap import Creator
from creator_app.domain.recipe import RecipeLimits
from creator_app.errors import InvalidTransition
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.database import db_now
from creator_app.integrations.comfyui import (
    ComfyUIClient,
    Finished,
    History,
    Pending,
    PromptForgotten,
    Running,
    Stopped,
    checked,
    execute_workflow,
)
from creator_app.models import Asset, Job, RecipeVersion
from creator_app.services import jobs, recipes, timings
from creator_app.services.claims import Claim
from creator_app.services.job_state import check_fence
from jobs_worker.lease import LeaseKeeper
from jobs_worker.outputs import Wanted
from jobs_worker.progress import ProgressReporter

_IN_MEMORY_BYTES: Final = 4 * 2**20


@dataclass(frozen=True)
class Stage:
    """What an attempt starts from, read once.

    Attributes:
        version: the recipe as it was when the job was accepted.
        files: the inputs that are files, by input name.
        since_sent_s: how long ago the prompt may have been sent; ``None`` if it was not.
        weights: seconds by node class, as past runs of the recipe took.
    """

    version: RecipeVersion
    files: dict[str, Asset]
    since_sent_s: float | None
    weights: dict[str, float]

    @property
    def limits(self) -> RecipeLimits:
        """How long the recipe may take, and how much it may make."""
        return RecipeLimits.model_validate(self.version.manifest.get("limits") or {})


class EngineRun:
    """Brings one prompt to its end on one server.

    Args:
        creator: this process's Creator.
        claim: what is run.
        client: of the server.
        keeper: says when to stop.
        reporter: hears of progress.

    Attributes:
        seconds_by_class: what the run's nodes took, once it has succeeded; empty where nobody listened.
        wanted: what the recipe says of its results, once `result` was called.
    """

    def __init__(
        self,
        creator: Creator,
        claim: Claim,
        client: ComfyUIClient,
        keeper: LeaseKeeper,
        reporter: ProgressReporter,
    ) -> None:
        self._creator = creator
        self._claim = claim
        self._client = client
        self._keeper = keeper
        self._reporter = reporter
        self.seconds_by_class: dict[str, float] = {}
        self.wanted = Wanted()

    def result(self) -> History | None:
        """The finished prompt's history; ``None`` when it was stopped: canceled, or the lease lost.

        Raises:
            PromptFailed: it gave no result.
            LeaseLost: another runner took over before the prompt was sent.
        """
        stage = self._stage()
        self.wanted = Wanted.of(stage.version.manifest)
        self._client.set_timeouts(replace(self._client.timeouts, connect=stage.limits.connect_seconds))
        found = self._client.find(self._claim.prompt_id) if self._claim.taken_over else None
        if isinstance(found, Finished):
            return checked(found.history)
        attach = isinstance(found, Pending | Running)
        if stage.since_sent_s is not None and not attach and self._claim.taken_over:
            raise PromptForgotten
        prompt = {} if attach else self._prompt(stage)
        try:
            history = self._follow(stage, prompt)
        except Stopped:
            return self._after_stop()
        self.seconds_by_class = history.seconds_by_class
        return history

    def _follow(self, stage: Stage, prompt: dict[str, Any]) -> History:
        return execute_workflow(
            self._client,
            prompt or stage.version.workflow,
            prompt_id=self._claim.prompt_id,
            on_progress=self._reporter.report,
            send=bool(prompt),
            before_send=self._about_to_send,
            after_send=lambda: crash_point("post.after"),
            should_stop=self._keeper.should_stop,
            # Whoever takes a run over has only what is left of its time.
            deadline=time.monotonic() + stage.limits.seconds - (stage.since_sent_s or 0.0),
            idle_s=stage.limits.idle_seconds,
            weights=stage.weights,
        )

    def _after_stop(self) -> History | None:
        if self._keeper.lost.is_set():
            return None  # whoever took over follows the prompt now
        self._client.cancel(self._claim.prompt_id)
        return None

    def _stage(self) -> Stage:
        with self._creator.uow.read() as work:
            attempt = check_fence(work, self._claim.fence)
            job = work.session.get(Job, self._claim.job.id)
            version = work.session.get(RecipeVersion, self._claim.job.recipe_version_id)
            if job is None or version is None:
                raise InvalidTransition("The job or its recipe is gone.")
            files = {
                name: work.session.get(Asset, UUID(value["asset_id"]))
                for name, value in jobs.file_inputs(job).items()
            }
            present = {name: asset for name, asset in files.items() if asset is not None}
            known = timings.weights(work, version.id)
            posted_at = attempt.posted_at
            since_s = (db_now(work.session) - posted_at).total_seconds() if posted_at is not None else None
            return Stage(version, present, since_s, known)

    def _prompt(self, stage: Stage) -> dict[str, Any]:
        # Names of our own making: a load node is never given a path that somebody typed.
        folder = f"creator/{self._claim.job.id}"
        uploaded = {}
        for name, asset in stage.files.items():
            with _stream(self._creator, asset) as stream:
                file = f"{name}{Path(asset.storage_key).suffix}"
                uploaded[name] = self._client.upload(stream, file, folder)
        crash_point("upload.after")
        # A prefix per attempt: a cached result of another job is never taken for this one's.
        prefix = f"creator/{self._claim.job.id}/{self._claim.attempt_id}"
        return recipes.build_workflow(stage.version, self._claim.job.inputs, uploaded, prefix)

    def _about_to_send(self) -> None:
        with self._creator.uow.write() as work:
            attempt = check_fence(work, self._claim.fence)
            attempt.posted_at = db_now(work.session)
            work.session.add(attempt)
        crash_point("post.before")


@contextmanager
def _stream(creator: Creator, asset: Asset) -> Iterator[BinaryIO]:
    path = creator.storage.local_path(asset.storage_key)
    if path is not None:
        with path.open("rb") as file:
            yield file
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
        for chunk in creator.storage.open(asset.storage_key):
            copy.write(chunk)
        copy.seek(0)
        yield copy  # type: ignore[misc]
