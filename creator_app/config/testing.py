"""Creator under test: one worker, a quick sweeper, quiet logs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from creator_app.config import checks
from creator_app.config.base import Settings


class TestingSettings(Settings):
    """The same code with shorter waits."""

    __test__ = False  # its name begins as a test's

    environment: Literal["testing"] = "testing"
    workers: int = Field(default=1, ge=0, le=64)
    sweep_seconds: float = Field(default=0.5, gt=0, le=5)
    log_level: Annotated[str, AfterValidator(checks.log_level)] = "WARNING"
