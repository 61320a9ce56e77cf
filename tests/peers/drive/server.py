"""The server as an object: starts in a thread on a free port, and lets a test do everything."""

import socket
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import google.oauth2.credentials
import googleapiclient.discovery
import uvicorn

from . import discovery
from .blobs import Blobs
from .changes import Changes
from .channels import Channels, Pushes
from .clock import Clock
from .faults import Fault, Faults
from .log import Log
from .oauth import LOOPBACK, Client, OAuth, Tokens
from .oauth_pages import AUTH_PATH, REVOKE_PATH, TOKEN_PATH, USERINFO_PATH
from .people import Person
from .store import Item, SharedDrive, Store
from .uploads import Uploads


@dataclass
class Settings:
    """What Drive takes its time for.

    Attributes:
        search_lag_s: how long searches by appProperties don't know new values.
        listing_lag_s: how long files.list doesn't know new files at all.
    """

    search_lag_s: float = 0.0
    listing_lag_s: float = 0.0


class DriveServer:
    """A Google of one's own. Use it as a context manager, or call `start` and `stop`.

    Attributes:
        auto_approve: e-mail of the user who agrees without the consent page; ``True``: whoever ``login_hint``
        names.
        auto_scopes: the scopes they tick; ``None`` for all that are asked for.
        default_client: the app that is registered from the start; redirects to this machine are fine for it.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self._host, self._port = host, port
        self.clock, self._blobs = Clock(), Blobs()
        self.store = Store(self.clock, self._blobs)
        self.oauth, self.changes = OAuth(self.store), Changes(self.store)
        self.channels, self.uploads = Channels(self.store), Uploads(self.store)
        self.faults, self.log, self.settings = Faults(), Log(), Settings()
        self.list_pages: dict[str, tuple[str, list[str]]] = {}
        self.auto_approve: str | bool | None = None
        self.auto_scopes: set[str] | None = None
        self.store.listeners.append(self._on_change)
        self.default_client = self.client("creator.apps.googleusercontent.com", "GOCSPX-creator", [LOOPBACK])
        self._uvicorn: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def _on_change(self, item: Item, what: str, before: frozenset[str]) -> None:
        keys = self.changes.note(item, before)
        self.channels.tell(item, what, keys)

    # running

    def start(self) -> "DriveServer":
        """Returns once it answers."""
        from .app import App

        # Named as TCP, asyncio sends at once (TCP_NODELAY): otherwise each answer takes 40 ms more.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((self._host, self._port))
        listening.listen(512)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            App(self),
            log_level="critical",
            proxy_headers=False,
            lifespan="off",
            http="h11",
            ws="none",
            access_log=False,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._uvicorn.run, args=([listening],), daemon=True, name="drive-peer"
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        self.channels.close()
        if self._uvicorn and self._thread:
            self._uvicorn.should_exit = self._uvicorn.force_exit = True
            self._thread.join(timeout=10)
        self._blobs.close()

    def wait(self) -> None:
        """Until it is stopped."""
        if self._thread:
            self._thread.join()

    def __enter__(self) -> "DriveServer":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}"

    def environ(self) -> dict[str, str]:
        """The settings that lead Creator here."""
        return {
            "GOOGLE_CLIENT_ID": self.default_client.id,
            "GOOGLE_CLIENT_SECRET": self.default_client.secret,
            "GOOGLE_API_URL": self.url,
            "GOOGLE_AUTH_URL": self.url + AUTH_PATH,
            "GOOGLE_TOKEN_URL": self.url + TOKEN_PATH,
            "GOOGLE_REVOKE_URL": self.url + REVOKE_PATH,
            "GOOGLE_USERINFO_URL": self.url + USERINFO_PATH,
            "GOOGLE_ISSUER": self.url,
        }

    # people, apps, drives

    def user(self, email: str, name: str = "") -> Person:
        """The user of this e-mail; made where there is none."""
        with self.store.lock:
            return Person(self, self.store.users.get(email) or self.store.add_user(email, name))

    def client(
        self, client_id: str, secret: str, redirect_uris: Iterable[str], *, test_mode: bool = False
    ) -> Client:
        """Registers an app."""
        found = self.oauth.clients[client_id] = Client(
            client_id, secret, list(redirect_uris), test_mode=test_mode
        )
        return found

    def shared_drive(self, name: str, *members: str) -> SharedDrive:
        """A shared drive; its id is that of its top folder, which `Person.drop` and others take."""
        with self.store.lock:
            people = [self.user(one).user for one in members]
            drive = self.store.add_drive(name, {one.sub for one in people})
            for one in people:
                self.changes.note_drive(drive.id, one.sub)
            return drive

    def set_members(self, drive_id: str, *members: str) -> None:
        """Who belongs to a shared drive from now on; told in the logs of those who come and go."""
        with self.store.lock:
            drive, people = self.store.drives[drive_id], {self.user(one).user.sub for one in members}
            different, drive.members = drive.members ^ people, people
            for sub in different:
                self.changes.note_drive(drive_id, sub)

    # the client library

    def credentials(self, tokens: Tokens) -> google.oauth2.credentials.Credentials:
        """For google-auth: refreshes itself here."""
        return google.oauth2.credentials.Credentials(
            tokens.access,
            refresh_token=tokens.refresh,
            token_uri=self.url + TOKEN_PATH,
            client_id=tokens.client.id,
            client_secret=tokens.client.secret,
            scopes=sorted(tokens.scopes),
        )

    def service(self, tokens: Tokens) -> Any:
        """The real client of google-api-python-client, led here by its own document."""
        document = discovery.client_document(self.url)
        return googleapiclient.discovery.build_from_document(document, credentials=self.credentials(tokens))

    # trouble, time, counts

    def fault(self, kind: str, method: str = "*", **more: object) -> Fault:
        """See `faults.Fault`: ``drive.fault("rateLimitExceeded", "files.list", times=3)``."""
        return self.faults.add(kind, method, **more)

    @property
    def pushes(self) -> Pushes:
        """How push messages go out: lost, doubled, late."""
        return self.channels.pushes

    def calm(self) -> None:
        """For tests that share a server: no faults, losses, delays, approvals any more; an empty log."""
        self.faults.clear()
        self.log.clear()
        self.settings, self.channels.pushes = Settings(), Pushes()
        self.auto_approve = self.auto_scopes = None
        self.changes.lose_every, self.changes.delay_s = 0, 0.0
        self.oauth.access_token_s, self.uploads.gone_status = 3599, 404

    def advance(self, seconds: float) -> None:
        """Turns the clock: tokens, channels and upload sessions end."""
        self.clock.advance(seconds)

    def calls(self, user: str | None = None) -> Counter[str]:
        """Calls by method since the start or the last `clear_log`."""
        return self.log.counts(user)

    def wait_for_calls(self, method: str, times: int = 1, timeout_s: float = 10) -> bool:
        """Until a method was called so often since the last `clear_log`; false where it wasn't in time."""
        return self.log.wait(method, times, timeout_s)

    def clear_log(self) -> None:
        self.log.clear()

    def expire_page_tokens(self) -> None:
        """files.list's tokens are "typically valid for several hours": these are over."""
        self.list_pages.clear()
