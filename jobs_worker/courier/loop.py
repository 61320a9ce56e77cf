"""A courier's day: hands out errands to its threads, keeps their leases alive, sleeps when there is none.

Any number of couriers may run, on any number of machines: every errand is a row with a lease in the database.
"""

import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import redis

from creator_app.bootstrap import Creator, get_creator
from creator_app.errors import LeaseLost
from creator_app.infrastructure.logging import get_logger
from creator_app.infrastructure.redis import redis_client
from creator_app.live import channels
from creator_app.services import deliveries, drop_files, drop_sources, errands
from creator_app.services.errands import Errand
from creator_app.services.unit_of_work import Work
from jobs_worker.courier.delivering import Deliverer
from jobs_worker.courier.looking import Looker
from jobs_worker.courier.taking import Taker
from jobs_worker.courier.watching import Watching
from jobs_worker.pulse import Pulse

log = get_logger(__name__)

#: Files of one account that are fetched, or results that are brought, at a time.
PER_ACCOUNT: Final = 3
_IDLE_S: Final = 1.0
#: While something is going on, errands fall due within moments.
_BUSY_S: Final = 0.2
_BUSY_FOR_S: Final = 10.0
_PATIENCE_S: Final = 8.0
_SHORTEST_LEASE_S: Final = 2.0


@dataclass
class Desk:
    """One kind of errand: who claims it, who does it, and in how many threads."""

    name: str
    threads: int
    claim: Callable[[Work, int], list[Errand]]
    act: Callable[[Errand], None]
    under_way: set[Errand] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix=self.name)


class Courier:
    """Claims what is due and has it done."""

    def __init__(self, creator: Creator) -> None:
        self._creator = creator
        self.stop = threading.Event()
        self.wake = threading.Event()
        self._lock = threading.Lock()
        self._busy_until = 0.0
        looker, taker, deliverer = Looker(creator), Taker(creator), Deliverer(creator)
        lease = self._lease = timedelta(seconds=max(_SHORTEST_LEASE_S, creator.settings.lease_seconds))
        self._desks = [
            Desk("look", 2, lambda work, free: drop_sources.claim(work, free, lease), looker.look),
            Desk("take", 4, lambda work, free: drop_files.claim(work, free, PER_ACCOUNT, lease), taker.take),
            Desk(
                "deliver",
                4,
                lambda work, free: deliveries.claim(work, free, PER_ACCOUNT, lease),
                deliverer.deliver,
            ),
        ]

    def run(self) -> None:
        """Works until told to stop."""
        for task in (self._listen, self._keep_leases):
            threading.Thread(target=task, name=task.__name__, daemon=True).start()
        with self._creator.uow.write() as work:
            drop_sources.list_all_soon(work)
        said = Pulse(self._creator, "courier")
        while not self.stop.is_set():
            self.wake.clear()
            said.round()
            try:
                handed_out = self._hand_out()
            except Exception as error:  # noqa: BLE001  a database that is away for a moment ends nothing
                log.warning("errands_not_handed_out", error=repr(error))
                handed_out = 0
            if handed_out:
                self._busy_until = time.monotonic() + _BUSY_FOR_S
            busy = time.monotonic() < self._busy_until
            self.wake.wait(_BUSY_S if busy else _IDLE_S)
        self._finish()

    def _hand_out(self) -> int:
        """Claims as much as there are free hands for."""
        count = 0
        for desk in self._desks:
            free = desk.threads - len(desk.under_way)
            if free <= 0:
                continue
            with self._creator.uow.write() as work:
                claimed = desk.claim(work, free)
            for errand in claimed:
                with self._lock:
                    desk.under_way.add(errand)
                desk.pool.submit(self._do, desk, errand)
            count += len(claimed)
        return count

    def _do(self, desk: Desk, errand: Errand) -> None:
        try:
            desk.act(errand)
        except LeaseLost:
            log.info("errand_taken_over", desk=desk.name, row=str(errand.row_id))
        except Exception as error:  # noqa: BLE001  its lease runs out, and somebody tries again
            log.warning("errand_failed", desk=desk.name, row=str(errand.row_id), error=repr(error))
        finally:
            with self._lock:
                desk.under_way.discard(errand)
            self.wake.set()

    def _keep_leases(self) -> None:
        while not self.stop.wait(self._lease.total_seconds() / 4):
            with self._lock:
                current = [errand for desk in self._desks for errand in desk.under_way]
            if not current:
                continue
            try:
                with self._creator.uow.write() as work:
                    errands.renew(work, current, self._lease)
            except Exception as error:  # noqa: BLE001  the next round may still be in time
                log.warning("leases_not_renewed", error=repr(error))

    def _listen(self) -> None:
        """Hears that there is something to do; whatever is missed here is found a moment later."""
        while not self.stop.is_set():
            try:
                with redis_client(self._creator.settings.redis_url_for(1)) as client, client.pubsub() as ears:
                    ears.subscribe(channels.ERRANDS)
                    while not self.stop.is_set():
                        if ears.get_message(ignore_subscribe_messages=True, timeout=1.0):
                            self.wake.set()
            except (redis.RedisError, OSError):
                self.stop.wait(1.0)

    def _finish(self) -> None:
        """Waits a little for what is under way; the rest is done by the next courier."""
        for desk in self._desks:
            desk.pool.shutdown(wait=False, cancel_futures=True)
        end = time.monotonic() + _PATIENCE_S
        while any(desk.under_way for desk in self._desks) and time.monotonic() < end:
            time.sleep(0.05)


def run() -> None:
    """Runs a courier until SIGTERM or SIGINT."""
    creator = get_creator()
    courier = Courier(creator)

    def end(*_: object) -> None:
        courier.stop.set()
        courier.wake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    watching = Watching(creator, courier.stop)
    watching.start()
    with suppress(KeyboardInterrupt):
        courier.run()
