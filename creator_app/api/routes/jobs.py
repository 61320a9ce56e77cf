"""Jobs: submit, look, cancel, retry, delete. 202 means: committed, it can't be lost any more."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from creator_app.api.dependencies import Caller, CreatorDep, JobReader, JobWriter
from creator_app.api.job_stream import read_view
from creator_app.api.schemas.jobs import SUBMISSION, JobList
from creator_app.api.uploads import Form, read_form
from creator_app.bootstrap import Creator
from creator_app.errors import InvalidInput
from creator_app.services import job_view, jobs
from creator_app.services.intake import Submission
from creator_app.services.job_view import JobView

router = APIRouter(prefix="/jobs", tags=["jobs"])

_MAX_KEY = 255
_REPLAYED = "Idempotency-Replayed"


def _key(
    idempotency_key: Annotated[
        str | None, Header(description="Repeat it to repeat a request safely.")
    ] = None,
) -> str | None:
    if idempotency_key is not None and not 0 < len(idempotency_key) <= _MAX_KEY:
        raise InvalidInput(
            f"An idempotency key has 1 to {_MAX_KEY} characters.", hint="A random UUID will do."
        )
    return idempotency_key


IdempotencyKey = Annotated[str | None, Depends(_key)]


@router.post("", status_code=202, response_model=JobView, openapi_extra=SUBMISSION)
async def submit(
    request: Request, caller: JobWriter, creator: CreatorDep, idempotency_key: IdempotencyKey
) -> Response:
    """Accepts a job. The same ``Idempotency-Key`` with the same content answers with the first one again."""
    async with read_form(request, creator.settings.max_upload_bytes) as form:
        view, created = await run_in_threadpool(_submit, creator, caller, form, idempotency_key)
    headers = {"Location": f"/api/v1/jobs/{view.id}"}
    if not created:
        headers[_REPLAYED] = "true"
    return Response(view.model_dump_json(), 202, headers, "application/json")


@router.get("")
def list_jobs(
    caller: JobReader,
    creator: CreatorDep,
    status: Annotated[
        str | None, Query(description="A state, or `active` for all that have not ended.")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=jobs.MAX_PAGE)] = 25,
) -> JobList:
    """The account's jobs, newest first."""
    with creator.uow.read() as work:
        rows, following = jobs.list_page(work, caller.account_id, status=status, cursor=cursor, limit=limit)
        return JobList(items=job_view.views(work, creator.snapshots, rows), next_cursor=following)


@router.get("/{job_id}")
def get_job(job_id: UUID, caller: JobReader, creator: CreatorDep) -> JobView:
    """One job, as it is now."""
    return read_view(creator, caller, job_id)


@router.delete("/{job_id}", status_code=204)
def delete_job(job_id: UUID, caller: JobWriter, creator: CreatorDep) -> None:
    """Takes an ended job out of the lists."""
    with creator.uow.write() as work:
        jobs.delete(work, caller.account_id, job_id)


@router.post("/{job_id}/cancel")
def cancel_job(job_id: UUID, caller: JobWriter, creator: CreatorDep) -> JobView:
    """Cancels a job; a running one is told to stop and ends within moments."""
    with creator.uow.write() as work:
        jobs.request_cancel(work, caller.account_id, job_id)
    return read_view(creator, caller, job_id)


@router.post("/{job_id}/retry", status_code=202)
def retry_job(
    job_id: UUID, caller: JobWriter, creator: CreatorDep, response: Response, idempotency_key: IdempotencyKey
) -> JobView:
    """Makes a new job like an ended one. The same ``Idempotency-Key`` answers with the first one again."""
    with creator.uow.write(durable=True) as work:
        new, created = jobs.retry_once(work, caller.account_id, caller.user_id, job_id, idempotency_key)
        new_id = new.id
    response.headers["Location"] = f"/api/v1/jobs/{new_id}"
    if not created:
        response.headers[_REPLAYED] = "true"
    return read_view(creator, caller, new_id)


def _submit(creator: Creator, caller: Caller, form: Form, key: str | None) -> tuple[JobView, bool]:
    submission = Submission(
        account_id=caller.account_id,
        user_id=caller.user_id,
        slug=form.recipe,
        values=form.values,
        files=form.files,
        source="api" if caller.by == "api_key" else "dashboard",
        idempotency_key=key,
    )
    job, created = creator.intake.submit(submission)
    return read_view(creator, caller, job.id), created
