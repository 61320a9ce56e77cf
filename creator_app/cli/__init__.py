"""The operator's command line. Each command's module is loaded only when it is asked for."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import typer

from creator_app.config import SettingsError
from creator_app.config.proxy import spare_this_machine
from creator_app.errors import CreatorError
from creator_app.infrastructure.logging import configure_logging
from creator_app.supervise.errors import StartError


@dataclass(frozen=True)
class _Command:
    module: str
    attribute: str
    joins: bool = False
    alone: frozenset[str] = frozenset()


#: ``joins`` marks commands that work with the Creator of this home, whether it runs or not; ``alone`` what of
#: them needs none.
_COMMANDS: Final = {
    "up": _Command("up", "up"),
    "web": _Command("web", "web"),
    "build": _Command("web", "build"),
    "doctor": _Command("doctor", "doctor", joins=True),
    "migrate": _Command("migrate", "migrate"),
    "user": _Command("users", "app", joins=True),
    "recipe": _Command("recipes", "app", joins=True, alone=frozenset({"check"})),
    "run": _Command("run", "run"),
    "jobs": _Command("jobs", "app", joins=True),
    "queue": _Command("queue", "app", joins=True),
    "servers": _Command("servers", "app", joins=True),
    "keys": _Command("keys", "app", joins=True),
    "storage": _Command("storage", "app", joins=True),
}

#: Who says that Valkey is away.
_TELLERS: Final = ("creator_app.infrastructure.redis", "creator_app.services.unit_of_work")


def main(arguments: Sequence[str]) -> int:
    """Runs a command.

    Args:
        arguments: the command line without the program's name.

    Returns:
        The exit code: 0 only where all of it worked.
    """
    # Warnings go to stderr as lines; stdout stays what the command prints. `web` sets its own up.
    configure_logging(level="WARNING")
    asked = arguments[0] if arguments else ""
    if asked in _COMMANDS and _COMMANDS[asked].joins:
        # That a message reached nobody is no news for a command: often no Creator runs that could hear it.
        for name in _TELLERS:
            logging.getLogger(name).setLevel(logging.ERROR)
    spare_this_machine()
    try:
        missing = _missing(arguments)
        if missing:
            print(missing, file=sys.stderr)
            return 1
        application = _application(asked)
        return int(application(list(arguments), prog_name="creator_app", standalone_mode=True) or 0)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except CreatorError as error:
        print(f"{error.message} {error.hint}".strip(), file=sys.stderr)
    except StartError as error:
        print(error, error.detail, sep="\n", file=sys.stderr)
    except Exception as error:  # what is not the database's goes on
        said = _database_trouble(error)
        if said is None:
            raise
        print(said, file=sys.stderr)
    return 1


def _database_trouble(error: Exception) -> str | None:
    from sqlalchemy.exc import DBAPIError  # only now: it takes a moment to load

    if not isinstance(error, DBAPIError):
        return None
    reason = str(error.orig).splitlines()[0] if error.orig else "no reason was given"
    return f"The database can't be used: {reason}. `python -m creator_app migrate` brings it up to date."


def _missing(arguments: Sequence[str]) -> str | None:
    """What a command needs and is not there: it must not make an empty Creator just to look into it."""
    command = _COMMANDS.get(arguments[0]) if arguments else None
    if command is None or not command.joins or "--help" in arguments or command.alone & set(arguments[1:2]):
        return None
    if arguments[0] != "doctor" and len(arguments) < 2:
        return None  # it is told what there is to choose from
    from creator_app.cli.stack import no_creator_here

    return no_creator_here()


def _application(asked: str) -> typer.Typer:
    application = typer.Typer(
        help="Creator: ComfyUI workflows as a service.", no_args_is_help=True, add_completion=False,
        pretty_exceptions_enable=False,
    )  # fmt: skip
    application.callback()(_nothing)
    known = asked in _COMMANDS
    for name in [asked] if known else _COMMANDS:
        _add(application, name, _COMMANDS[name])
    if known and _COMMANDS[asked].joins:
        from creator_app.cli.stack import join

        join()
    return application


def _add(application: typer.Typer, name: str, command: _Command) -> None:
    found = getattr(import_module(f"creator_app.cli.{command.module}"), command.attribute)
    if isinstance(found, typer.Typer):
        application.add_typer(found, name=name)
    else:
        application.command(name)(found)


def _nothing() -> None:
    """Creator: ComfyUI workflows as a service."""
