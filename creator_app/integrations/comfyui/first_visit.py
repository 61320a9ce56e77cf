"""A first visit to an address: is there a ComfyUI, and if not, what is wrong, in plain words.

Operators type addresses by hand. What a library says of a wrong one ("[Errno 111]", "answered 401") helps
nobody who doesn't know what to look for.
"""

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import httpx

from creator_app.integrations.comfyui.client import ComfyUIClient, Timeouts
from creator_app.integrations.comfyui.errors import ServerGone

_TIMEOUTS: Final = Timeouts(connect=3.0, answer=8.0)
_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
_NOT_LET_IN: Final = frozenset({401, 403, 407})


class Verdict(StrEnum):
    """What was found at an address."""

    WELL = "well"
    REFUSED = "refused"
    NO_SUCH_HOST = "no_such_host"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    NOT_SECURE = "not_secure"
    NOT_LET_IN = "not_let_in"
    BROKEN = "broken"
    NOT_COMFYUI = "not_comfyui"


_WORDS: Final[dict[Verdict, tuple[str, str]]] = {
    Verdict.WELL: ("It answers.", ""),
    Verdict.REFUSED: (
        "Nothing listens at this address: the connection was refused.",
        "Start ComfyUI there, with --listen if it is another machine, and look at the port.",
    ),
    Verdict.NO_SUCH_HOST: (
        "No machine of this name is known.",
        "Look for a slip in the name, or give the machine's number, such as 192.168.1.20.",
    ),
    Verdict.UNREACHABLE: (
        "There is no way to this machine.",
        "See whether it is switched on, and in the same network.",
    ),
    Verdict.SILENT: (
        "It does not answer in time.",
        "See whether the machine is on, whether a firewall is in between, and whether ComfyUI hangs.",
    ),
    Verdict.NOT_SECURE: (
        "No safe connection could be made: its certificate, or https itself, is not right.",
        "ComfyUI alone speaks http, not https. A certificate must be valid for the name in the address.",
    ),
    Verdict.NOT_LET_IN: (
        "It wants a password, or the password or header that was given is wrong.",
        "Add it again with the right one: https://user:password@host, or as a header.",
    ),
    Verdict.BROKEN: (
        "It answers with an error of its own.",
        "See whether ComfyUI runs well there: open the address in a browser.",
    ),
    Verdict.NOT_COMFYUI: (
        "Something answers there, but it is not a ComfyUI.",
        "Look at the address and the port: ComfyUI listens on 8188 unless it was told otherwise.",
    ),
}


@dataclass(frozen=True)
class Visit:
    """What a visit found.

    Attributes:
        verdict: in one word.
        stats: ``/system_stats``, where it is well.
        object_info: its nodes, where it is well.
    """

    verdict: Verdict
    stats: Mapping[str, Any] | None = None
    object_info: Mapping[str, Any] | None = None

    @property
    def message(self) -> str:
        """What was found, in a sentence."""
        return _WORDS[self.verdict][0]

    @property
    def hint(self) -> str:
        """What to do next; empty where all is well."""
        return _WORDS[self.verdict][1]


def visit(url: str, headers: Mapping[str, str] | None = None, timeouts: Timeouts = _TIMEOUTS) -> Visit:
    """Asks what is at an address. Never raises: what went wrong is the answer.

    Args:
        url: as for `get_comfyui_client`.
        headers: sent along.
        timeouts: how long to wait.
    """
    try:
        with ComfyUIClient(url, headers, timeouts) as client:
            stats = client.system_stats()
            if not _is_comfyui(stats):
                return Visit(Verdict.NOT_COMFYUI)
            return Visit(Verdict.WELL, stats, client.object_info())
    except ServerGone as error:
        return Visit(verdict_of(error))
    except (httpx.InvalidURL, UnicodeError):  # a name that no machine can have
        return Visit(Verdict.NO_SUCH_HOST)


def in_words(error: ServerGone) -> str:
    """Why a server can't be used, and what to do, for the operator."""
    message, hint = _WORDS[verdict_of(error)]
    return f"{message} {hint}"


def verdict_of(error: ServerGone) -> Verdict:
    """What an error says of the server."""
    if error.http_status is not None:
        return _of_status(error.http_status)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ConnectionRefusedError):
            return Verdict.REFUSED
        if isinstance(cause, socket.gaierror):
            return Verdict.NO_SUCH_HOST
        if isinstance(cause, ssl.SSLError):
            return Verdict.NOT_SECURE
        if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
            return Verdict.UNREACHABLE
    if any(isinstance(cause, httpx.TimeoutException | TimeoutError) for cause in causes):
        return Verdict.SILENT
    if any(isinstance(cause, httpx.RemoteProtocolError) for cause in causes):
        return Verdict.NOT_COMFYUI
    return Verdict.BROKEN


def _of_status(status: int) -> Verdict:
    if status in _NOT_LET_IN:
        return Verdict.NOT_LET_IN
    # A server that has ComfyUI's address and no idea of it; 200 is an answer that was no JSON object.
    return Verdict.BROKEN if status >= httpx.codes.INTERNAL_SERVER_ERROR else Verdict.NOT_COMFYUI


def _is_comfyui(stats: Mapping[str, Any]) -> bool:
    return isinstance(stats.get("system"), Mapping) and isinstance(stats.get("devices"), list)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
