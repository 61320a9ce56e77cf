"""Push notifications: channels, and the messages that go out over them.

Source: "Notifications for resource changes": headers, the ``sync`` message, expiration (an hour unless asked
for; at most a day for files.watch, a week for changes.watch), message numbers that grow with gaps, answers
that count as received (200, 201, 202, 204, 102) and those that are tried again (500, 502, 503, 504).

One thing is looser than Google: an address may be plain http, unless ``https_only`` is set.
"""

import hashlib
import http.client
import queue
import random
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from .access import Viewer
from .errors import ApiError, invalid
from .store import Item, Store

HOUR_S, DAY_S, WEEK_S = 3600, 86400, 7 * 86400
#: What happened to a file → X-Goog-Changed of an ``update`` message.
DETAILS = {
    "update": "properties",
    "content": "content,properties",
    "parents": "parents",
    "children": "children",
    "permissions": "permissions",
}
TRY_AGAIN = {500, 502, 503, 504}


@dataclass
class Channel:
    """Where news of one log or one file go."""

    id: str
    address: str
    token: str | None
    expires: datetime
    resource_id: str
    resource_uri: str
    viewer: Viewer
    #: the log (a user's ``sub`` or a drive's id), or the file, that is watched
    key: str
    is_file: bool
    number: int = 1


@dataclass
class Pushes:
    """How messages go out; a test may change it at any time.

    Attributes:
        delay_s: how long changes are gathered into one message.
        times: 2 sends each message twice.
        lose_every: every so many-th message is never sent; 0 for none.
        retry_s: pauses between tries after a 5xx.
    """

    delay_s: float = 0.05
    times: int = 1
    lose_every: int = 0
    retry_s: tuple[float, ...] = (0.5, 1, 2)
    https_only: bool = False
    sent: Counter[str] = field(default_factory=Counter)


class Channels:
    """All channels. Messages go out from threads of its own, as they come from Google's machines."""

    def __init__(self, store: Store) -> None:
        self.store, self.pushes = store, Pushes()
        self.open: dict[str, Channel] = {}
        #: "unique within your project": an id is never taken twice
        self._used: set[str] = set()
        self._waiting: set[str] = set()
        self._queue: queue.Queue[tuple[float, Channel, str] | None] = queue.Queue()
        self._seen = 0
        self._senders = ThreadPoolExecutor(4, "drive-push")
        threading.Thread(target=self._run, daemon=True, name="drive-push").start()

    def close(self) -> None:
        self._queue.put(None)
        self._senders.shutdown(wait=False, cancel_futures=True)

    def watch(self, viewer: Viewer, body: Mapping[str, Any], *, key: str, uri: str, is_file: bool) -> Channel:
        """Opens a channel and sends its ``sync`` message.

        Raises:
            ApiError: 400 for an id that is in use, or an address or expiration that can't be.
        """
        self._check(body)
        self._drop_expired()
        now = self.store.clock.now()
        most = now + timedelta(seconds=DAY_S if is_file else WEEK_S)
        expires = now + timedelta(seconds=HOUR_S)
        if body.get("expiration"):
            expires = datetime.fromtimestamp(int(body["expiration"]) / 1000, now.tzinfo)
        if expires <= now:
            raise invalid("Expiration time must be in the future.", "resource.expiration")
        channel = Channel(
            id=body["id"],
            address=body["address"],
            token=body.get("token"),
            expires=min(expires, most),
            resource_id=hashlib.sha256(key.encode()).hexdigest()[:27],
            resource_uri=uri,
            viewer=viewer,
            key=key,
            is_file=is_file,
        )
        self.open[channel.id] = channel
        self._used.add(channel.id)
        self._queue.put((time.monotonic(), channel, "sync"))
        return channel

    def _check(self, body: Mapping[str, Any]) -> None:
        for name in ("id", "type", "address"):
            if not body.get(name):
                raise ApiError(400, "required", f"Required: resource.{name}", location=f"resource.{name}")
        if body["type"] not in ("web_hook", "webhook"):
            raise invalid("Unknown channel type", "resource.type", reason="unknownChannelType")
        scheme = urllib.parse.urlsplit(body["address"]).scheme
        if scheme != "https" and (self.pushes.https_only or scheme != "http"):
            said = f"WebHook callback must be HTTPS: {body['address']}"
            raise ApiError(400, "push.webhookUrlNotHttps", said)
        if body["id"] in self._used:
            raise ApiError(400, "channelIdNotUnique", f"Channel id {body['id']} not unique")

    def stop(self, viewer: Viewer, body: Mapping[str, Any]) -> None:
        """Closes a channel, for the same app and user that opened it.

        Raises:
            ApiError: 404 where there is no such channel.
        """
        self._drop_expired()
        channel = self.open.get(body.get("id", ""))
        owner = channel and (channel.viewer.user.sub, channel.viewer.client_id)
        fits = channel and channel.resource_id == body.get("resourceId")
        if not fits or owner != (viewer.user.sub, viewer.client_id):
            raise ApiError(404, "notFound", f"Channel '{body.get('id')}' not found for project")
        del self.open[body["id"]]

    def tell(self, item: Item, what: str, keys: frozenset[str]) -> None:
        """A change went into these logs: wakes the channels that watch them, or the file."""
        for channel in self.open.values():
            if channel.is_file:
                if channel.key == item.id:
                    self._queue.put((time.monotonic(), channel, what))
                elif channel.key == item.parent and what in ("add", "remove", "parents"):
                    self._queue.put((time.monotonic(), channel, "children"))
            elif channel.key in keys and (channel.viewer.is_wide or channel.viewer.client_id in item.apps):
                self.wake(channel)

    def wake(self, channel: Channel) -> None:
        if channel.id not in self._waiting:
            self._waiting.add(channel.id)
            self._queue.put((time.monotonic() + self.pushes.delay_s, channel, "change"))

    def _run(self) -> None:
        while entry := self._queue.get():
            due, channel, state = entry
            time.sleep(max(0.0, due - time.monotonic()))
            self._waiting.discard(channel.id)
            with self.store.lock:
                self._drop_expired()
                if channel.id in self.open and not self._is_lost(state):
                    self._send(channel, state)

    def _is_lost(self, state: str) -> bool:
        if state == "sync":
            return False
        self._seen += 1
        lost = bool(self.pushes.lose_every) and self._seen % self.pushes.lose_every == 0
        self.pushes.sent["lost"] += lost
        return lost

    def _send(self, channel: Channel, state: str) -> None:
        headers = self._headers(channel, state)
        channel.number += random.randint(1, 3)
        for _ in range(1 if state == "sync" else self.pushes.times):
            self.pushes.sent[state] += 1
            with suppress(RuntimeError):  # the server is being closed
                self._senders.submit(self._deliver, channel.address, headers)

    def _headers(self, channel: Channel, state: str) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; utf-8",
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.expires, usegmt=True),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-URI": channel.resource_uri,
            "X-Goog-Resource-State": "update" if state in DETAILS else state,
            "X-Goog-Message-Number": str(channel.number),
        }
        if channel.token is not None:
            headers["X-Goog-Channel-Token"] = channel.token
        if state in DETAILS:
            headers["X-Goog-Changed"] = DETAILS[state]
        return headers

    def _deliver(self, address: str, headers: dict[str, str]) -> None:
        for pause in (*self.pushes.retry_s, None):
            status = _post(address, headers)
            self.pushes.sent[f"answered {status}"] += 1
            if status not in TRY_AGAIN or pause is None:
                return
            time.sleep(pause)

    def _drop_expired(self) -> None:
        now = self.store.clock.now()
        for one in [one for one in self.open.values() if one.expires <= now]:
            del self.open[one.id]


def _post(address: str, headers: dict[str, str]) -> int:
    """The status that a channel's address answers; 0 where nobody does."""
    url = urllib.parse.urlsplit(address)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=10)
    try:
        target = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
        connection.request("POST", target, body=b"", headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def channel_resource(channel: Channel) -> dict[str, Any]:
    told = {
        "kind": "api#channel",
        "id": channel.id,
        "resourceId": channel.resource_id,
        "resourceUri": channel.resource_uri,
        "expiration": str(int(channel.expires.timestamp() * 1000)),
    }
    return told | ({"token": channel.token} if channel.token is not None else {})
