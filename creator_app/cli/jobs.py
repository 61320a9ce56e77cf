"""``creator_app jobs …``: what is running, and why something failed."""

import json
from dataclasses import asdict
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import col, select

from creator_app.bootstrap import get_creator
from creator_app.domain.job_state import JobStatus
from creator_app.errors import InvalidInput, NotFound
from creator_app.models import Job
from creator_app.services import job_view, stuck
from creator_app.services import jobs as service

app = typer.Typer(help="Look at jobs, cancel or retry them.", no_args_is_help=True)


@app.command("list")
def list_jobs(
    status: str = typer.Option("", help="Only these: queued, running, saving, succeeded, failed, canceled."),
    limit: int = typer.Option(25, min=1, max=500),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Lists the newest jobs of everybody."""
    if status and status not in set(JobStatus):
        raise InvalidInput(f"There is no status {status!r}.", hint=f"Use one of: {', '.join(JobStatus)}.")
    creator = get_creator()
    with creator.uow.read() as work:
        statement = select(Job).order_by(col(Job.created_at).desc()).limit(limit)
        if status:
            statement = statement.where(Job.status == status)
        views = job_view.views(work, creator.snapshots, work.session.exec(statement).all())
    if as_json:
        typer.echo(json.dumps([view.model_dump(mode="json") for view in views]))
        return
    table = Table()
    table.add_column("id", no_wrap=True, min_width=36)  # whole: other commands ask for it
    for title in ("recipe", "status", "what", "made"):
        table.add_column(title, overflow="fold")
    for view in views:
        made = f"{view.created_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(view.id), view.recipe, view.status, view.status_sentence, made)
    Console().print(table)


@app.command("show")
def show(job_id: UUID, as_json: bool = typer.Option(False, "--json")) -> None:
    """Shows one job with everything that is known about it."""
    creator = get_creator()
    with creator.uow.read() as work:
        job = _job(work.session.get(Job, job_id))
        view = job_view.views(work, creator.snapshots, [job])[0]
        detail = job.error_detail
    if as_json:
        typer.echo(json.dumps(view.model_dump(mode="json") | {"error_detail": detail}))
        return
    for name, value in view.model_dump(mode="json").items():
        typer.echo(f"{name:22} {value}")
    if detail:
        typer.echo(f"{'error_detail':22} {detail}")


@app.command("stuck")
def list_stuck(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Lists jobs that should have moved and did not; exit code 1 where there are any."""
    with get_creator().uow.read() as work:
        found = stuck.find(work)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in found], default=str))
    else:
        for row in found:
            typer.echo(f"{row.job_id}  {row.status:8}  since {row.since:%Y-%m-%d %H:%M:%S}  {row.why}")
        if not found:
            typer.echo("No job is stuck.")
    if found:
        raise typer.Exit(1)


@app.command("cancel")
def cancel(job_id: UUID) -> None:
    """Cancels a job: at once while it waits, within moments while it runs."""
    with get_creator().uow.write() as work:
        job = _job(work.session.get(Job, job_id))
        job = service.request_cancel(work, job.account_id, job.id)
    typer.echo("Canceled." if job.status == "canceled" else "It is being stopped.")


@app.command("retry")
def retry(job_id: UUID) -> None:
    """Makes a new job out of one that has ended, and prints its id."""
    with get_creator().uow.write() as work:
        old = _job(work.session.get(Job, job_id))
        job = service.retry(work, old.account_id, old.user_id, old.id)
    typer.echo(str(job.id))


def _job(job: Job | None) -> Job:
    if job is None:
        raise NotFound("There is no such job.", hint="`jobs list` shows their ids.")
    return job
