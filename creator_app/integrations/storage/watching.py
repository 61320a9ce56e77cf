"""What happens to files, found by comparing what is there with what was there.

Looking is the truth; what a system tells of changes only makes the next look come sooner. So nothing is lost
on network disks, where the system tells nothing, nor by a server that was away for a while.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from creator_app.errors import StorageError
from creator_app.integrations.storage.base import Change, StoredObject

#: Each file takes about half a kB of memory while it is watched.
MOST_FILES: Final = 200_000
# A look that takes a second comes at most every ten, so that watching stays a small part of the load.
_RESTS_PER_LOOK: Final = 10
# The second look comes soon: it finds what happened before the system began to tell.
_SECOND_LOOK_S: Final = 0.5

Look = Callable[[], Iterator[StoredObject]]
Pause = Callable[[float, float], bool]


def watch(look: Look, pause: Pause, every_s: float) -> Iterator[Change]:
    """Changes from this call on.

    Args:
        look: lists every file.
        pause: waits at least and at most so many seconds; returns whether to go on.
        every_s: seconds between two looks, at least.

    Raises:
        StorageError: the first look failed, or a later one in a way that trying again can't help.
    """
    return _follow(look, pause, every_s, _seen(look))


def _follow(look: Look, pause: Pause, every_s: float, known: dict[str, StoredObject]) -> Iterator[Change]:
    rest, longest = 0.0, min(every_s, _SECOND_LOOK_S)
    while pause(rest, max(rest, longest)):
        began = time.monotonic()
        try:
            found = _seen(look)
        except StorageError as error:
            if not error.retryable:
                raise
        else:
            yield from _between(known, found)
            known = found
        rest, longest = _RESTS_PER_LOOK * (time.monotonic() - began), every_s


def _seen(look: Look) -> dict[str, StoredObject]:
    found: dict[str, StoredObject] = {}
    for item in look():
        if len(found) == MOST_FILES:
            raise StorageError(
                f"More than {MOST_FILES} files can't be watched.",
                hint="Watch a folder in it.",
                retryable=False,
            )
        found[item.key] = item
    return found


def _between(before: dict[str, StoredObject], now: dict[str, StoredObject]) -> Iterator[Change]:
    for key, item in now.items():
        if key not in before:
            yield Change("added", item)
        elif (item.version, item.size) != (before[key].version, before[key].size):
            yield Change("changed", item)
    for key, item in before.items():
        if key not in now:
            yield Change("removed", item)
