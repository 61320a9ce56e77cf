"""What was called: counts for each method, and the calls one by one."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from starlette.requests import Request

SECRET = {"access_token", "oauth_token", "token", "code"}


@dataclass
class Entry:
    """A call. ``status`` is 0 where no answer was sent; ``faults`` are the kinds that hit it."""

    at: float
    method: str
    verb: str
    path: str
    query: dict[str, str]
    user: str | None
    status: int = 0
    faults: list[str] = field(default_factory=list)


class Log:
    """All calls since the start, or since `clear`."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._called = threading.Condition()

    def begin(self, request: Request, method: str, user: str | None) -> Entry:
        query = {key: value for key, value in request.query_params.items() if key not in SECRET}
        entry = Entry(time.time(), method, request.method, request.url.path, query, user)
        with self._called:
            self.entries.append(entry)
            self._called.notify_all()
        return entry

    def wait(self, method: str, times: int, timeout_s: float) -> bool:
        """Until a method was called so often; false where it wasn't in time."""
        with self._called:
            return self._called.wait_for(lambda: self.counts()[method] >= times, timeout_s)

    def counts(self, user: str | None = None) -> Counter[str]:
        """Calls by method; of one user, if given."""
        return Counter(one.method for one in list(self.entries) if user in (None, one.user))

    def clear(self) -> None:
        self.entries.clear()
