"""Starts a Creator, waits until it is ready, keeps it running, and ends it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Final

from creator_app.config import Settings
from creator_app.supervise import bundle, leftovers, ports, probes, supervisord
from creator_app.supervise.errors import StartError
from creator_app.supervise.home import MARKER, Home, Running
from creator_app.supervise.parts import Part, make_plan
from creator_app.supervise.sources import Sources
from creator_app.supervise.supervisord import Program, Status, Supervisord

Say = Callable[[str], None]
_LOOK_EVERY_S: Final = 0.1
_WATCH_EVERY_S: Final = 1.0
_AGAIN_AFTER_S: Final = 10.0
_TRIES: Final = 3


class Stack:
    """All processes of one Creator, as a context: leaving it ends every one of them.

    Args:
        settings: of this Creator.
        say: told a sentence for each step.
        pages: whether the web server runs too; the command line needs none.
    """

    def __init__(self, settings: Settings, say: Say, *, pages: bool = True) -> None:
        self._settings = settings
        self._say = say
        self._pages = pages
        #: Addresses of the embedded parts, as settings.
        self.environment: dict[str, str] = {}
        #: Its folder.
        self.home = Home(settings.creator_home)
        self._exit = ExitStack()
        self._parts: Sequence[Part] = ()
        self._environment: dict[str, str] = {}
        self._supervisor: Supervisord | None = None
        self._pids: dict[str, int] = {}

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://localhost:{self._settings.port}"

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts everything and returns when all of it is ready.

        Raises:
            StartError: something stands in the way; what was started is ended by leaving the context.
        """
        self._claim_home()
        if self._pages:
            ports.claim(self._settings.port)
        given = self._settings.redis_url
        if given and not probes.answers_redis(given)():
            raise StartError("REDIS_URL: that server does not answer. Start it, or unset REDIS_URL.")
        plan = make_plan(self._settings, self.home, pages=self._pages)
        self._parts = plan.parts
        self.environment = dict(plan.environment)
        self._environment = supervisord.environment({**self._base_environment(), **self.environment})
        self._announce(ready=False)
        for part in self._parts:
            self.home.fresh_log(part.name)
        self._start_supervisor()
        self._migrate()
        if self._pages:
            self._ensure_bundle()
        self._await([part for part in self._parts if part.base])
        self._start_users()
        self._announce(ready=True)

    def watch(self, *, reload: bool = False) -> None:
        """Keeps everything running; never returns by itself.

        Args:
            reload: whether a changed source file starts what uses it again.

        Raises:
            StartError: it can't be kept running.
        """
        failed_at: dict[str, float] = {}
        sources = Sources(bundle.ROOT) if reload else None
        while True:
            time.sleep(_WATCH_EVERY_S)
            if sources is not None and (changed := sources.changed()):
                self._reload(changed)
            supervisor = self._running_supervisor()
            if not supervisor.alive():
                self._restart_supervisor()
                continue
            for status in supervisor.statuses():
                self._look_at(supervisor, status, failed_at)

    def stop(self) -> None:
        """Ends every process of this Creator: those that use others first."""
        supervisor = self._supervisor
        if supervisor is not None and supervisor.alive():
            supervisor.stop([part.name for part in self._parts if not part.base])
            supervisor.stop([part.name for part in self._parts if part.base])
        self._exit.close()
        if self._environment:
            leftovers.end(self.home.root)
            self.home.forget()

    def _claim_home(self) -> None:
        try:
            self.home.prepare()
        except OSError as error:
            raise StartError(
                f"{self.home.root} can't be used: {error.strerror}. Set CREATOR_HOME."
            ) from error
        if not self.home.lock():
            running = self.home.running()
            where = f" at {running.url} (process {running.pid})" if running else ""
            raise StartError(
                f"A Creator already runs in {self.home.root}{where}. Set CREATOR_HOME for another."
            )
        if count := leftovers.end(self.home.root):
            self._say(f"Ended {count} processes that a former run had left behind")

    def _base_environment(self) -> dict[str, str]:
        return {
            MARKER: str(self.home.root),
            "CREATOR_HOME": str(self.home.root),
            "PORT": str(self._settings.port),
            "PYTHONUNBUFFERED": "1",
        }

    def _start_supervisor(self) -> None:
        programs = [Program(part.name, part.command) for part in self._parts]
        supervisor = Supervisord(self.home, programs, bundle.ROOT)
        self._supervisor = self._exit.enter_context(supervisor)
        supervisor.start(self._environment)
        for part in self._parts:
            if part.base:
                self._say(f"Starting {part.title}")
                supervisor.run(part.name)

    def _migrate(self) -> None:
        self._say("Bringing the database up to date")
        log = self.home.log_file("migrate")
        with log.open("w") as file:
            code = subprocess.run(
                [sys.executable, "-m", "creator_app", "migrate", "--setup-code"],
                cwd=bundle.ROOT,
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if code != 0:
            raise StartError("The database could not be brought up to date.", self.home.tail("migrate"))

    def _ensure_bundle(self) -> None:
        wanted = bundle.current()
        if not bundle.is_built(wanted):
            self._say("Building the web pages (once per version, about half a minute)")
            bundle.build(wanted, self._environment, self.home.log_file("bundle"))

    def _start_users(self) -> None:
        supervisor = self._running_supervisor()
        users = [part for part in self._parts if not part.base]
        self._say("Starting " + ", ".join(part.title for part in users))
        for part in users:
            supervisor.run(part.name)
        self._await(users)

    def _await(self, parts: Sequence[Part]) -> None:
        waiting = list(parts)
        began = time.monotonic()
        starts: dict[str, set[int]] = {part.name: set() for part in parts}
        while waiting:
            for status in self._running_supervisor().statuses():
                if status.name in starts:
                    starts[status.name] |= {status.pid} - {0}
            for part in list(waiting):
                if part.ready():
                    waiting.remove(part)
                elif self._is_hopeless(part, starts[part.name], time.monotonic() - began):
                    raise StartError(f"{_sentence(part.title)} did not start.", self.home.tail(part.name))
            time.sleep(_LOOK_EVERY_S)

    def _is_hopeless(self, part: Part, pids: set[int], waited_s: float) -> bool:
        return len(pids) >= _TRIES or waited_s > part.patience_s or not self._running_supervisor().alive()

    def _look_at(self, supervisor: Supervisord, status: Status, failed_at: dict[str, float]) -> None:
        former = self._pids.get(status.name)
        if status.pid and status.pid != former:
            self._pids[status.name] = status.pid
            failed_at.pop(status.name, None)
            if former:
                self._say(f"{status.name} had ended and was started again")
        if status.state == "FATAL":
            now = time.monotonic()
            if status.name not in failed_at:
                failed_at[status.name] = now
                self._say(
                    f"{status.name} fails again and again. Its last words:\n{self.home.tail(status.name)}"
                )
            elif now - failed_at[status.name] > _AGAIN_AFTER_S:
                failed_at[status.name] = now
                supervisor.run(status.name)

    def _reload(self, changed: Sequence[str]) -> None:
        self._say(f"Changed: {', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}")
        try:
            self._ensure_bundle()
            self._running_supervisor().stop([part.name for part in self._parts if not part.base])
            self._pids.clear()
            self._start_users()
            self._say(f"Ready again: {self.url}")
        except StartError as error:  # the next change may mend it
            self._say(f"{error}\n{error.detail}")

    def _restart_supervisor(self) -> None:
        self._say("The supervisor had ended: starting everything again")
        self._exit.close()
        leftovers.end(self.home.root)
        self._pids.clear()
        self._start_supervisor()
        self._await([part for part in self._parts if part.base])
        self._start_users()

    def _running_supervisor(self) -> Supervisord:
        if self._supervisor is None:
            raise StartError("Nothing was started.")
        return self._supervisor

    def _announce(self, *, ready: bool) -> None:
        names = [part.name for part in self._parts]
        self.home.announce(Running(os.getpid(), self.url, self.environment, ready, names))


def _sentence(title: str) -> str:
    return title[0].upper() + title[1:]
