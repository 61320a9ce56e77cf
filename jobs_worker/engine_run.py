"""One attempt's conversation with its ComfyUI server, from staging the inputs to the finished prompt.

An attempt that was taken over asks the server about its prompt id first, so that work which was done is
not done again.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from creator_app.bootstrap import Creator
from creator_app.errors import CreatorError
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.database import db_now
from creator_app.integrations.comfyui import (
    ComfyUIClient,
    ErrorKind,
    Finished,
    OutputFile,
    PromptFailed,
    Unknown,
    follow,
    submit_and_follow,
)
from creator_app.models import Asset, RecipeVersion
from creator_app.services import jobs, recipes
from creator_app.services.claims import Claim
from creator_app.services.job_state import check_fence
from jobs_worker.lease import LeaseKeeper
from jobs_worker.progress import ProgressReporter

_DEFAULT_LIMIT_S = 600.0


@dataclass(frozen=True)
class RunResult:
    """What a finished prompt left.

    Attributes:
        outputs: its files on the ComfyUI server.
        run_seconds: how long the server worked on it; ``None`` where it did not say.
    """

    outputs: list[OutputFile]
    run_seconds: float | None


class EngineRun:
    """Brings one prompt to its end on one server."""

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
