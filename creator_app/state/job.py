"""The page of one job."""

from uuid import UUID

import reflex as rx

from creator_app.bootstrap import get_creator
from creator_app.errors import NotFound
from creator_app.services import deliveries, folders, job_view, jobs
from creator_app.services.unit_of_work import Work
from creator_app.state.folder_rows import BroughtRow, brought_row
from creator_app.state.rows import JobRow, job_row
from creator_app.state.session import SignedIn, reading, require_user, writing


class JobState(rx.State):
    """The job that the address names."""

    job: JobRow = JobRow()
    #: Results that were, or are to be, brought back to the folder the picture came from.
    brought: rx.Field[list[BroughtRow]] = rx.field(default_factory=list)
    #: What the address named when ``job`` was read: a page at another address must not show it.
    shown: str = ""
    missing: bool = False

    @rx.event
    async def load(self) -> None:
        """Reads the job named in the address."""
        user = await require_user(self)
        await self._read(user)

    @rx.event
    async def reload(self) -> None:
        """Reads the job again."""
        user = await require_user(self)
        await self._read(user)

    @rx.event
    async def cancel(self) -> None:
        """Cancels the job."""
        user = await require_user(self)
        wanted = self._wanted()
        await writing(lambda work: jobs.request_cancel(work, user.account_id, wanted) and None)
        await self._read(user)

    @rx.event
    async def retry(self) -> rx.event.EventSpec:
        """Makes a new job like this one and opens it."""
        user = await require_user(self)
        wanted = self._wanted()
        new = await writing(lambda work: jobs.retry(work, user.account_id, user.user_id, wanted).id)
        self.shown = ""
        return rx.redirect(f"/jobs/{new}")

    @rx.event
    async def delete(self) -> rx.event.EventSpec:
        """Deletes the job and goes back to the list."""
        user = await require_user(self)
        wanted = self._wanted()
        await writing(lambda work: jobs.delete(work, user.account_id, wanted))
        return rx.redirect("/jobs")

    @rx.event
    async def bring_again(self) -> None:
        """Tries once more to bring the results to their folder."""
        user = await require_user(self)
        wanted = self._wanted()
        await writing(lambda work: deliveries.try_again(work, user.account_id, wanted) and None)
        await self._read(user)

    async def _read(self, user: SignedIn) -> None:
        try:
            wanted = self._wanted()
            self.job, self.brought = await reading(lambda work: _row(work, user, wanted))
            self.missing = False
        except NotFound:
            self.job, self.brought, self.missing = JobRow(), [], True
        self.shown = self._address()

    def _address(self) -> str:
        return self.router.url.path.rstrip("/").rsplit("/", 1)[-1]

    def _wanted(self) -> UUID:
        try:
            return UUID(self._address())
        except ValueError:
            raise NotFound("There is no such job.", hint="Your jobs are listed under Jobs.") from None


def _row(work: Work, user: SignedIn, job_id: UUID) -> tuple[JobRow, list[BroughtRow]]:
    job = jobs.get(work, user.account_id, job_id)
    row = job_row(job_view.views(work, get_creator().snapshots, [job])[0])
    return row, [brought_row(one) for one in folders.of_job(work, job)]
