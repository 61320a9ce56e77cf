"""The one var that live progress goes into, and the handler that reads a page's rows again."""

import reflex as rx

from creator_app.bootstrap import get_creator
from creator_app.live.hub import LiveProgress, Tab, Target, hub, progress_of
from creator_app.services import jobs
from creator_app.services.unit_of_work import Work
from creator_app.state.folders import FoldersState
from creator_app.state.job import JobState
from creator_app.state.jobs import JobsState
from creator_app.state.session import SignedIn, find_user, reading, require_user, session_token

MOST_ACTIVE = 100


class JobsLive(rx.State):
    """Progress of the running jobs of this tab's account, by job id. Nothing else may write ``live``."""

    live: rx.Field[dict[str, LiveProgress]] = rx.field(default_factory=dict)

    @rx.event
    async def load(self) -> None:
        """Reads the snapshots and asks the hub for what follows; runs on each load and reconnect."""
        user = await require_user(self)
        await self._read_and_watch(user)

    @rx.event
    async def refresh(self) -> list[rx.event.EventSpec]:
        """Some job changed its status: reads the rows of the page that is open again."""
        user = await require_user(self)
        await self._read_and_watch(user)
        path = self.router.url.path.rstrip("/")
        if path == "/jobs":
            return [JobsState.reload]
        if path == "/folders":
            return [FoldersState.reload]
        return [JobState.reload] if path.startswith("/jobs/") else []

    async def _read_and_watch(self, user: SignedIn) -> None:
        known = await reading(lambda work: _snapshots(work, user))
        token = session_token(self)
        tab = Tab(str(user.account_id), user.session, lambda: find_user(token) is not None)
        self.live = hub.watch(self.router.session.client_token, tab, known)


def _snapshots(work: Work, user: SignedIn) -> dict[str, LiveProgress]:
    active, _ = jobs.list_page(work, user.account_id, status="active", limit=MOST_ACTIVE)
    ids = [str(job.id) for job in active]
    known = get_creator().snapshots.read_many(ids)
    return {job_id: progress_of(job_id, fields) for job_id, fields in zip(ids, known, strict=True) if fields}


hub.target = Target(JobsLive.get_full_name(), "live", f"{JobsLive.get_full_name()}.refresh")
