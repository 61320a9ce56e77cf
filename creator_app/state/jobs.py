"""The list of jobs, and what can be done to one."""

from uuid import UUID

import reflex as rx
from pydantic import TypeAdapter, ValidationError

from creator_app.bootstrap import get_creator
from creator_app.errors import NotFound
from creator_app.services import job_view, jobs
from creator_app.services.unit_of_work import Work
from creator_app.state.rows import JobRow, job_row
from creator_app.state.session import SignedIn, reading, require_user, writing

PAGE = 25
MOST = 100
_UUID = TypeAdapter(UUID)


class JobsState(rx.State):
    """Jobs of the account, newest first."""

    rows: rx.Field[list[JobRow]] = rx.field(default_factory=list)
    loaded: bool = False
    more: bool = False
    active: bool = False

    @rx.event
    async def load(self) -> None:
        """The first page."""
        user = await require_user(self)
        await self._read(user, PAGE)

    @rx.event
    async def reload(self) -> None:
        """As many rows as are shown, as they are now."""
        user = await require_user(self)
        await self._read(user, max(PAGE, len(self.rows)))

    @rx.event
    async def show_more(self) -> None:
        """The next page below what is shown."""
        user = await require_user(self)
        await self._read(user, len(self.rows) + PAGE)

    @rx.event
    async def cancel(self, job_id: str) -> None:
        """Cancels a job of the account."""
        user = await require_user(self)
        wanted = _job_id(job_id)
        await writing(lambda work: jobs.request_cancel(work, user.account_id, wanted) and None)
        await self._read(user, max(PAGE, len(self.rows)))

    @rx.event
    async def retry(self, job_id: str) -> rx.event.EventSpec:
        """Makes a new job like an ended one and opens it."""
        user = await require_user(self)
        wanted = _job_id(job_id)
        new = await writing(lambda work: jobs.retry(work, user.account_id, user.user_id, wanted).id)
        return rx.redirect(f"/jobs/{new}")

    @rx.event
    async def delete(self, job_id: str) -> None:
        """Takes an ended job out of the list."""
        user = await require_user(self)
        wanted = _job_id(job_id)
        await writing(lambda work: jobs.delete(work, user.account_id, wanted))
        await self._read(user, max(PAGE, len(self.rows)))

    async def _read(self, user: SignedIn, limit: int) -> None:
        self.rows, self.more = await reading(lambda work: _page(work, user, limit))
        self.active = any(not row.final for row in self.rows)
        self.loaded = True


def _page(work: Work, user: SignedIn, limit: int) -> tuple[list[JobRow], bool]:
    found, cursor = jobs.list_page(work, user.account_id, limit=min(limit, MOST))
    views = job_view.views(work, get_creator().snapshots, found)
    return [job_row(view) for view in views], cursor is not None and limit < MOST


def _job_id(text: str) -> UUID:
    try:
        return _UUID.validate_python(text)
    except ValidationError:
        raise NotFound("There is no such job.", hint="Your jobs are listed under Jobs.") from None
