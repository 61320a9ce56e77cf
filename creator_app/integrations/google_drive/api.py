"""Calls of Google Drive's interface: one description per process, one connection per thread, typed errors.

The description is the one that Google's client library brings along, so starting asks the network nothing.
Its address is replaced, so that the same code talks to Google or to a server for tests; media uploads take
their address from there as well.
"""

import json
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import googleapiclient
import httplib2
from googleapiclient.discovery import build_from_document
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from creator_app.integrations.drop_folders.errors import PlaceBusy
from creator_app.integrations.google_drive.errors import sorted_error

_DOCUMENT: Final = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "drive.v3.json"
_TIMEOUT_S: Final = 30.0
_READ_TRIES: Final = 4
_LONGEST_PAUSE_S: Final = 2.0

Answer = TypeVar("Answer")


class Token(Protocol):
    """Gives a valid access token.

    Raises `PlaceBusy` while none can be got, and `AccessEnded` when there will be none any more.
    """

    def __call__(self, stale: str | None = None) -> str:
        """A token; another one than ``stale``, which Google did not take."""


def _no_pause() -> None:
    return None


class DriveApi:
    """What all calls for one grant share. May be used by several threads at once.

    Args:
        root_url: Google's address, or that of a server like it.
        token: gives the access token.
        pause: waits until another call is allowed; raises `PlaceBusy` if that takes too long.
        timeout_s: how long an answer may take.
    """

    def __init__(
        self,
        root_url: str,
        token: Token,
        pause: Callable[[], None] = _no_pause,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._service = _service(root_url.rstrip("/"))
        self._door = _Door(token, pause, timeout_s)

    @property
    def files(self) -> Any:
        """Calls about files."""
        return self._service.files()

    @property
    def changes(self) -> Any:
        """Calls about what changed."""
        return self._service.changes()

    @property
    def drives(self) -> Any:
        """Calls about shared drives."""
        return self._service.drives()

    @property
    def channels(self) -> Any:
        """Calls about push channels."""
        return self._service.channels()

    @property
    def door(self) -> "_Door":
        """Sends single requests of Google's client library."""
        return self._door

    def once(self, request: Any) -> Any:
        """Makes a call that must not be repeated blindly.

        Raises:
            PlaceError: it failed; its kind says what helps.
        """
        try:
            return request.execute(http=self._door)
        except Exception as error:
            raise sorted_error(error) from error

    def read(self, request: Any) -> Any:
        """Makes a call that changes nothing, or the same thing each time; a few tries if Google stumbles.

        Raises:
            PlaceError: as for `once`.
        """
        return again(lambda: self.once(request))

    def get(self, uri: str, headers: dict[str, str]) -> tuple[httplib2.Response, bytes]:
        """A plain answer, whatever its status is.

        Raises:
            PlaceError: the connection broke.
        """
        try:
            return self._door.request(uri, "GET", None, headers)
        except Exception as error:
            raise sorted_error(error) from error


def again(call: Callable[[], Answer], tries: int = _READ_TRIES) -> Answer:
    """Repeats a call while Google does not answer, at growing distances; a wish to slow down is none."""
    retrying = Retrying(
        stop=stop_after_attempt(tries),
        wait=wait_random_exponential(multiplier=0.1, max=_LONGEST_PAUSE_S),
        retry=retry_if_exception(stumbled),
        reraise=True,
    )
    return retrying(call)


def stumbled(error: BaseException) -> bool:
    """Whether a moment later may do: no answer, and no wish to be left alone for longer."""
    return isinstance(error, PlaceBusy) and not error.slow_down and (error.retry_after_s or 0) <= 2


class _Door:
    """What Google's client library sends its requests through: adds the token, keeps to the pace.

    It looks like an ``httplib2.Http``, of which each thread has one of its own: they can't be shared.
    """

    def __init__(self, token: Token, pause: Callable[[], None], timeout_s: float) -> None:
        self._token = token
        self._pause = pause
        self._timeout_s = timeout_s

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        **_: Any,
    ) -> tuple[httplib2.Response, bytes]:
        """Sends a request; once more with a new token if Google does not take the one we had."""
        token = self._token()
        response, content = self._send(uri, method, body, headers, token)
        if response.status == 401:
            response, content = self._send(uri, method, body, headers, self._token(stale=token))
        return response, content

    def _send(
        self, uri: str, method: str, body: bytes | str | None, headers: dict[str, str] | None, token: str
    ) -> tuple[httplib2.Response, bytes]:
        self._pause()
        sent = {**(headers or {}), "authorization": f"Bearer {token}"}
        try:
            answer: tuple[httplib2.Response, bytes] = _http(self._timeout_s).request(
                uri, method=method, body=body, headers=sent
            )
        except BaseException:
            _hang_up()  # half an answer may still be on its way through this connection
            raise
        return answer

    def __repr__(self) -> str:
        return "_Door()"


_of_thread = threading.local()


def _http(timeout_s: float) -> httplib2.Http:
    """This thread's connections; new ones after a fork."""
    known: dict[tuple[int, float], httplib2.Http] = _of_thread.__dict__.setdefault("known", {})
    key = (os.getpid(), timeout_s)
    if key not in known:
        known.clear()
        made = httplib2.Http(timeout=timeout_s)
        # 308 is how a resumable upload says "go on": no redirect.
        made.redirect_codes = made.redirect_codes - {308}
        made.follow_all_redirects = False
        known[key] = made
    return known[key]


def _hang_up() -> None:
    _of_thread.__dict__.pop("known", None)


@lru_cache(maxsize=4)
def _service(root_url: str) -> Any:
    document = json.loads(_DOCUMENT.read_text(encoding="utf-8"))
    document["rootUrl"] = root_url + "/"
    document["baseUrl"] = root_url + "/" + document["servicePath"]
    document.pop("mtlsRootUrl", None)
    return build_from_document(document, http=httplib2.Http())
