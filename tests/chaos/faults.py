"""Does the damage that the plan asks for, and notes what was under way at that moment."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psutil

from tests.chaos.engines import OutsideEngine
from tests.chaos.plan import CRASH, Fault
from tests.chaos.watch import Leased, Watch
from tests.peers.creator import RunningCreator

_VICTIM_WITHIN_S = 10.0


@dataclass(frozen=True)
class Harm:
    """A fault that was done.

    Attributes:
        kind: as in the plan.
        at: when, UTC.
        server_url: the server that was hit, for faults that hit one.
        leased: what was being worked on then.
    """

    kind: str
    at: datetime
    server_url: str | None
    leased: tuple[Leased, ...]


@dataclass
class Saboteur:
    """Carries out a plan against a running Creator.

    Attributes:
        creator: the victim.
        engines: beside the embedded one.
        watch: knows how far the jobs are.
        workers: how many there are.
        lease_s: a runner that is stopped sleeps longer than this, in seconds.
        harms: what was done.
        armed: crash points, as often as they were armed.
        missed: faults that found nobody to hurt.
    """

    creator: RunningCreator
    engines: list[OutsideEngine]
    watch: Watch
    workers: int
    lease_s: float
    harms: list[Harm] = field(default_factory=list)
    armed: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    _mending: list[threading.Timer] = field(default_factory=list)

    def carry_out(self, plan: list[Fault], going_on: Callable[[], bool]) -> None:
        """Does one fault after the other, each when enough jobs have ended.

        Args:
            plan: in order.
            going_on: whether jobs still come in or run; what is left of the plan is dropped otherwise.
        """
        for fault in plan:
            while self.watch.ended < fault.after_jobs and going_on():
                time.sleep(0.02)
            if not self._do(fault):
                self.missed.append(fault.kind)

    def mend(self) -> None:
        """Waits until everything that was stopped or stalled goes on."""
        for timer in self._mending:
            timer.join()

    def _do(self, fault: Fault) -> bool:
        acts: dict[str, Callable[[Fault], bool]] = {
            "kill worker": self._kill_worker,
            "kill work-horse": self._kill_horse,
            "kill embedded engine": self._kill_embedded_engine,
            "kill outside engine": self._kill_outside_engine,
            "kill and wipe valkey": self._wipe_valkey,
            "kill web": lambda fault: self._kill_part(fault.kind, "web"),
            "kill clock": lambda fault: self._kill_part(fault.kind, "clock"),
            "stop work-horse": self._stop_horse,
            "cut sockets": self._cut,
            "stall sockets": self._stall,
            "refuse sockets": self._refuse,
            CRASH: self._arm,
        }
        return acts[fault.kind](fault)

    def _note(self, kind: str, server_url: str | None = None) -> None:
        self.harms.append(Harm(kind, datetime.now(UTC), server_url, self.watch.leased()))

    def _arm(self, fault: Fault) -> bool:
        self.watch.points.mkdir(exist_ok=True)
        file = self.watch.points / fault.point
        if not file.exists():  # else it is armed already and will be hit once
            file.touch()
            self.armed.append(fault.point)
        return True

    def _kill_part(self, kind: str, part: str) -> bool:
        self._note(kind)
        with suppress(ProcessLookupError):  # it has just died of something else
            os.kill(self.creator.pid(part), signal.SIGKILL)
        return True

    def _kill_worker(self, fault: Fault) -> bool:
        horse = self._busy_horse(fault)
        parent = horse.parent() if horse else None
        if parent is None:
            return False
        self._note(fault.kind)
        with suppress(psutil.NoSuchProcess):
            parent.kill()
        return True

    def _kill_horse(self, fault: Fault) -> bool:
        horse = self._busy_horse(fault)
        if horse is None:
            return False
        self._note(fault.kind)
        with suppress(psutil.NoSuchProcess):
            horse.kill()
        return True

    def _stop_horse(self, fault: Fault) -> bool:
        horse = self._busy_horse(fault)
        if horse is None:
            return False
        self._note(fault.kind)
        with suppress(psutil.NoSuchProcess):
            horse.suspend()

        def resume() -> None:
            with suppress(psutil.NoSuchProcess):
                horse.resume()

        self._later(self.lease_s + fault.seconds, resume)
        return True

    def _kill_embedded_engine(self, fault: Fault) -> bool:
        outside = {engine.line.url for engine in self.engines}
        url = next(url for url in self.watch.server_urls() if url not in outside)
        self._await_run_on(url)
        self._note(fault.kind, url)
        with suppress(ProcessLookupError):
            os.kill(self.creator.pid("engine"), signal.SIGKILL)
        return True

    def _kill_outside_engine(self, fault: Fault) -> bool:
        engine = self._engine(fault)
        self._await_run_on(engine.line.url)
        self._note(fault.kind, engine.line.url)
        engine.kill()
        return True

    def _wipe_valkey(self, fault: Fault) -> bool:
        for folder in (self.creator.home / "valkey").glob("append*"):
            shutil.rmtree(folder, ignore_errors=True)
        return self._kill_part(fault.kind, "valkey")

    def _cut(self, fault: Fault) -> bool:
        engine = self._engine(fault)
        self._await_run_on(engine.line.url)
        self._note(fault.kind, engine.line.url)
        engine.line.cut()
        return True

    def _stall(self, fault: Fault) -> bool:
        engine = self._engine(fault)
        self._await_run_on(engine.line.url)
        self._note(fault.kind, engine.line.url)
        engine.line.stall()
        # Up to twelve seconds: longer than a client believes in a silent socket.
        self._later(4 * fault.seconds, engine.line.mend)
        return True

    def _refuse(self, fault: Fault) -> bool:
        engine = self._engine(fault)
        self._await_run_on(engine.line.url)
        self._note(fault.kind, engine.line.url)
        engine.line.refuse()
        self._later(fault.seconds, engine.line.mend)
        return True

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, act)
        self._mending.append(timer)
        timer.start()

    def _engine(self, fault: Fault) -> OutsideEngine:
        return self.engines[int(fault.pick * len(self.engines))]

    def _await_run_on(self, url: str) -> None:
        """Waits a little for a job to run there: a fault that hits nobody shows nothing."""
        deadline = time.monotonic() + _VICTIM_WITHIN_S / 2
        while time.monotonic() < deadline:
            if any(one.server_url == url for one in self.watch.leased()):
                return
            time.sleep(0.02)

    def _busy_horse(self, fault: Fault) -> psutil.Process | None:
        """A work-horse that speaks with an engine right now, so that it is in the middle of a job."""
        ports = {urlsplit(url).port for url in self.watch.server_urls()}
        deadline = time.monotonic() + _VICTIM_WITHIN_S
        while time.monotonic() < deadline:
            horses = [horse for horse in self._horses() if _speaks_with(horse, ports)]
            if horses:
                return horses[int(fault.pick * len(horses))]
            time.sleep(0.01)
        return None

    def _horses(self) -> list[psutil.Process]:
        horses: list[psutil.Process] = []
        for number in range(1, self.workers + 1):
            with suppress(psutil.NoSuchProcess, OSError, ValueError):
                horses += psutil.Process(self.creator.pid(f"worker-{number}")).children()
        return horses


def _speaks_with(process: psutil.Process, ports: set[int | None]) -> bool:
    try:
        lines = process.net_connections("tcp4")
        awake = process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_STOPPED)
    except psutil.Error:  # it has just ended
        return False
    return awake and any(line.raddr and line.raddr.port in ports for line in lines)
