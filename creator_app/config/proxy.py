"""A web proxy of the surroundings is for the outside, never for this machine's own parts."""

import os
from typing import Final

_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")
_NAMES: Final = ("NO_PROXY", "no_proxy")


def spare_this_machine() -> None:
    """Adds this machine's own names to ``NO_PROXY``, for this process and those it starts.

    HTTP clients read ``HTTP_PROXY`` from the environment and would ask the proxy for 127.0.0.1 as well.
    """
    known = [one.strip() for name in _NAMES for one in os.environ.get(name, "").split(",") if one.strip()]
    wanted = ",".join(dict.fromkeys([*known, *_THIS_MACHINE]))
    for name in _NAMES:
        os.environ[name] = wanted
