"""Starts a worker, the clock or a courier: ``python -m jobs_worker worker``, ``… clock``, ``… courier``."""

import sys

from creator_app.bootstrap import get_creator
from creator_app.config import SettingsError
from creator_app.config.proxy import spare_this_machine
from creator_app.infrastructure.logging import configure_logging

_USAGE = "Say what to start: python -m jobs_worker worker | clock | courier"


def main(arguments: list[str]) -> int:
    """Starts what the first argument names.

    Returns:
        The exit code: 0 after a clean stop, 2 for a wrong call or a bad setting.
    """
    if len(arguments) != 1 or arguments[0] not in ("worker", "clock", "courier"):
        print(_USAGE, file=sys.stderr)
        return 2
    spare_this_machine()
    try:
        settings = get_creator().settings
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    configure_logging(settings.log_json, settings.log_level)
    if arguments[0] == "clock":
        from jobs_worker import schedule

        schedule.run()
    elif arguments[0] == "courier":
        from jobs_worker import courier

        courier.run()
    else:
        # Everything that a work-horse needs is there before the fork, so that each job starts quickly.
        from jobs_worker import tasks, worker  # noqa: F401
        from jobs_worker.rehearsal import rehearse

        rehearse(get_creator())
        worker.work()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
