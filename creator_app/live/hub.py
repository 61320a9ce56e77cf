"""One listener per web process: brings job changes from Redis to the tabs of the account they belong to.

A tab is told through a state delta that skips its state in Redis (no lock, no load: the cheapest way that
was measured, see docs/adr/0001). Losing a message costs nothing but time: every page reads the truth on load,
when a job's status changes, and every few seconds while something is under way.

``StateUpdate``, ``FIELD_MARKER`` and ``emit_update`` are half internal to Reflex: only this file uses them.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import redis.asyncio as aredis
import reflex as rx
from reflex.event import Event
from reflex.state import StateUpdate
from reflex_base.constants.state import FIELD_MARKER

from creator_app.infrastructure.logging import get_logger
from creator_app.live import channels

log = get_logger(__name__)

INTERVAL_S: Final = 0.1
REFRESH_S: Final = 0.4
SESSION_CHECK_S: Final = 2.0
LINGER_S: Final = 3.0
RETRY_S: Final = 1.0
QUIET_S: Final = 15.0


@dataclass
class LiveProgress:
    """How far one running job is, as its pages show it.

    Attributes:
        percent: 0 to 100.
        step: what is being done, in plain words.
        preview: address of the latest preview picture, or empty.
        run: names the job and its attempt, so that progress of a new one may begin at zero.
        quiet_since: the server has said nothing since then (ISO 8601), or empty.
    """

    percent: float = 0.0
    step: str = ""
    preview: str = ""
    run: str = ""
    quiet_since: str = ""


@dataclass(frozen=True)
class Target:
    """Which state var shows the progress, and which handler reads a page's rows again."""

    state: str
    var: str
    refresh: str


@dataclass
class Tab:
    """A tab that shows jobs: whose it is, and whether its session still lives (asked in a thread)."""

    account_id: str
    session: str
    alive: Callable[[], bool]


@dataclass
class _Account:
    latest: dict[str, LiveProgress] = field(default_factory=dict)
    #: Jobs that have ended, and when that was seen: shown until every tab has read their rows.
    ended: dict[str, float] = field(default_factory=dict)
    changed: bool = False
    sent_at: float = 0.0
    refreshed_at: float = 0.0
    pending: asyncio.Task[None] | None = None


class Hub:
    """The tabs of this process, and the latest progress of the accounts they belong to."""

    def __init__(self) -> None:
        self._tabs: dict[str, Tab] = {}
        self._accounts: dict[str, _Account] = {}
        self._sessions: dict[str, tuple[float, bool]] = {}
        self._app: rx.App | None = None
        self.target: Target | None = None

    def watch(self, token: str, tab: Tab, known: Mapping[str, LiveProgress]) -> dict[str, LiveProgress]:
        """Sends ``tab`` what happens to its account's jobs from now on.

        Args:
            token: the tab's Reflex token; a former owner of it is forgotten.
            tab: whose tab it is.
            known: progress read from the snapshots, by job id; newer messages win.

        Returns:
            What the tab is to show now.
        """
        if self._app is None:
            return dict(known)  # switched off: pages live by their loads and their slow refresh
        self._tabs[token] = tab
        account = self._accounts.setdefault(tab.account_id, _Account())
        # A page that lost its progress before it has read how the job ended would show it begin anew.
        now = time.monotonic()
        gone = {job: account.ended.get(job, now) for job in account.latest if job not in known}
        account.ended = {job: at for job, at in gone.items() if now - at < LINGER_S}
        account.latest = {
            **known,
            **{job: row for job, row in account.latest.items() if job in known or job in account.ended},
        }
        return dict(account.latest)

    def forget(self, token: str) -> None:
        """Stops sending to a tab."""
        tab = self._tabs.pop(token, None)
        if tab and not any(other.account_id == tab.account_id for other in self._tabs.values()):
            self._accounts.pop(tab.account_id, None)

    async def run(self, app: rx.App, redis_url: str) -> None:
        """Listens until it is canceled; a lost connection is built up again.

        Args:
            app: the app whose tabs are told.
            redis_url: the Redis database that carries live progress.
        """
        self._app = app
        lost = False
        while True:
            try:
                await self._listen(redis_url, lost)
            except (OSError, aredis.RedisError) as error:
                log.warning("live_hub_lost_redis", error=type(error).__name__)
            lost = True
            await asyncio.sleep(RETRY_S)

    async def _listen(self, redis_url: str, lost: bool) -> None:
        client = aredis.from_url(redis_url, socket_connect_timeout=3, health_check_interval=10)
        async with client, client.pubsub() as pubsub:
            await pubsub.psubscribe(channels.ACCOUNT_PATTERN)
            if lost:
                await self._refresh_all()
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=QUIET_S)
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "pmessage":
                    await self._take(channels.account_of(message["channel"].decode()), message["data"])

    async def _take(self, account_id: str, data: bytes) -> None:
        account = self._accounts.get(account_id)
        if account is None:
            return  # nobody of this account looks at a page of this process
        try:
            message = json.loads(data)
            job_id = str(message["job"]) if "folders" not in message else ""
        except (ValueError, KeyError, TypeError):
            log.warning("live_message_unreadable")
            return
        if not job_id:  # something happened in the account's folders
            account.changed = True
        elif "percent" in message:
            account.latest[job_id] = progress_of(job_id, message, account.latest.get(job_id))
        else:  # the row itself changed; what it reached is shown until the row was read again
            account.changed = True
        self._schedule(account_id, account)

    def _schedule(self, account_id: str, account: _Account) -> None:
        # The first change goes out at once; what follows within the interval goes out together at its end.
        if account.pending is None or account.pending.done():
            wait_s = account.sent_at + INTERVAL_S - time.monotonic()
            account.pending = asyncio.create_task(self._flush_later(account_id, account, wait_s))

    async def _flush_later(self, account_id: str, account: _Account, wait_s: float) -> None:
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        account.sent_at = time.monotonic()
        account.pending = None
        # Reading rows costs the database: many jobs that end together make a page read now and then.
        refresh = account.changed and account.sent_at - account.refreshed_at >= REFRESH_S
        if refresh:
            account.changed, account.refreshed_at = False, account.sent_at
        for token in [token for token, tab in self._tabs.items() if tab.account_id == account_id]:
            try:
                await self._send(token, account, refresh)
            except Exception as error:  # noqa: BLE001  one tab's trouble must not silence the others
                log.warning("live_tab_not_told", error=str(error))
        if account.changed:
            self._schedule(account_id, account)

    async def _refresh_all(self) -> None:
        for account_id, account in self._accounts.items():
            account.changed = True
            self._schedule(account_id, account)

    async def _send(self, token: str, account: _Account, refresh: bool) -> None:
        if self._app is None or self.target is None or self._app.event_namespace is None:
            return
        namespace = self._app.event_namespace
        if not await namespace._token_manager.is_token_connected(token) or not await self._session_lives(
            token
        ):
            self.forget(token)
            return
        live = {job_id: asdict(row) for job_id, row in account.latest.items()}
        await namespace.emit_update(
            StateUpdate(
                delta={self.target.state: {self.target.var + FIELD_MARKER: live}},
                events=[Event(name=self.target.refresh)] if refresh else [],
            ),
            token,
        )

    async def _session_lives(self, token: str) -> bool:
        tab = self._tabs.get(token)
        if tab is None:
            return False
        checked_at, alive = self._sessions.get(tab.session, (0.0, False))
        if time.monotonic() - checked_at > SESSION_CHECK_S:
            alive = await asyncio.to_thread(tab.alive)
            self._sessions[tab.session] = (time.monotonic(), alive)
        if not alive:
            self._sessions.pop(tab.session, None)
        return alive


def progress_of(job_id: str, fields: Mapping[str, Any], before: LiveProgress | None = None) -> LiveProgress:
    """The progress that a snapshot or a message tells; what it leaves out stays as it was.

    Args:
        job_id: whose progress.
        fields: percent, step, attempt, preview_at, as the publisher writes them (text or numbers).
        before: what was known; forgotten when a new attempt began.
    """
    run = f"{job_id}:{fields['attempt']}" if fields.get("attempt") else before.run if before else ""
    old = before if before is not None and before.run == run else LiveProgress(run=run)
    version = fields.get("preview_at")
    return LiveProgress(
        percent=round(_number(fields.get("percent"), old.percent), 1),
        step=str(fields.get("step") or old.step),
        preview=f"/api/v1/jobs/{job_id}/preview?v={version}" if version else old.preview,
        quiet_since=str(fields.get("quiet_since") or ""),
        run=run,
    )


def _number(value: Any, otherwise: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return otherwise


hub = Hub()
