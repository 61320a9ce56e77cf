"""How fast Google Drive is asked: all processes keep to one pace, and nobody takes all of it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from creator_app.errors import RateLimited
from creator_app.infrastructure.rate_limit import RateLimiter
from creator_app.integrations.drop_folders.errors import PlaceBusy

_LONGEST_S: Final = 30.0
_STEP_S: Final = (0.02, 0.15)


@dataclass(frozen=True)
class DrivePace:
    """Waits until another call is allowed.

    Args:
        limiter: counts for all processes.
        together: the rule for all Drives, such as ``100/second``.
        each: the rule for one of them.
        longest_s: a call that would wait longer than this fails.
    """

    limiter: RateLimiter
    together: str
    each: str
    longest_s: float = _LONGEST_S

    def of(self, grant_id: UUID) -> Callable[[], None]:
        """What calls for one grant wait with."""

        def pause() -> None:
            until = time.monotonic() + self.longest_s
            self._wait(until, self.each, "drive", str(grant_id))
            self._wait(until, self.together, "drive")

        return pause

    def _wait(self, until: float, rule: str, *key: str) -> None:
        while True:
            try:
                self.limiter.hit(rule, *key)
            except RateLimited as error:
                if time.monotonic() > until:
                    raise PlaceBusy(
                        "Too much is going on just now.",
                        detail=f"waited for {rule}",
                        retry_after_s=5,
                        slow_down=True,
                    ) from error
                time.sleep(random.uniform(*_STEP_S))
            else:
                return
