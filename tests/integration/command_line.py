"""Commands in this very process: starting Python for each would take longer than all that they do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from creator_app.bootstrap import Creator, get_creator
from creator_app.cli import _application
from creator_app.config import get_settings
from creator_app.errors import CreatorError


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    error: CreatorError | None


class CommandLine:
    """The command line of one home."""

    def __init__(self, creator: Creator) -> None:
        self.creator = creator

    def __call__(self, *arguments: str, columns: int = 80) -> Answer:
        """Runs a command in a terminal of so many columns."""
        runner = CliRunner(env={"COLUMNS": str(columns)})
        result = runner.invoke(_application(arguments[0]), [*arguments])
        error = result.exception
        if error is not None and not isinstance(error, CreatorError | SystemExit):
            raise error
        return Answer(result.exit_code, result.output, error if isinstance(error, CreatorError) else None)


@contextmanager
def command_line(home: Path) -> Iterator[CommandLine]:
    """Within it commands work in ``home``, which has its tables, with nothing else set."""
    swapped = ("DATABASE_URL", "REDIS_URL", "STORAGE_URL", "COMFYUI_SERVERS", "CREATOR_STACK")
    before = dict(os.environ)
    for name in swapped:
        os.environ.pop(name, None)
    os.environ["CREATOR_HOME"] = str(home)
    get_settings.cache_clear()
    get_creator.cache_clear()
    try:
        creator = get_creator()
        yield CommandLine(creator)
        creator.database.close()
    finally:
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()
        get_creator.cache_clear()
