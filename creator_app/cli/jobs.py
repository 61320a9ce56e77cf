"""``creator_app jobs …``: what is running, and why something failed."""

import json
from dataclasses import asdict

import typer
from rich.console import Console
from sqlmodel import col, select

from creator_app.bootstrap import get_creator
from creator_app.cli import job_text
from creator_app.cli.tables import print_table
from creator_app.domain.job_state import JobStatus
from creator_app.errors import InvalidInput
from creator_app.models import Job
from creator_app.services import job_record, job_view, stuck
from creator_app.services import jobs as service
from creator_app.services.job_view import JobView

app = typer.Typer(help="Look at jobs, cancel or retry them.", no_args_is_help=True)
_ID = typer.Argument(
    metavar="ID", help="The job's id; its last or first signs will do where only one has them."
)
_ROOM_FOR_SENTENCES = 110


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
        jobs = work.session.exec(statement).all()
        views = job_view.views(work, creator.snapshots, jobs)
        owners = job_record.owners(work, jobs)
    if as_json:
        rows = [view.model_dump(mode="json") | {"account": owners[view.id]} for view in views]
        typer.echo(json.dumps(rows))
        return
    if not views:
        typer.echo("There are no such jobs." if status else "There are no jobs yet.")
        return
    titles = ["id", "made (UTC)", "account", "recipe", "status"]
    # Where there is no room for sentences, `show` has them.
    roomy = Console().width >= _ROOM_FOR_SENTENCES
    rows = [_listed(view, owners[view.id], roomy) for view in views]
    print_table(
        titles + ["what"] * roomy, rows, whole=("id", "made (UTC)", "status"), cut=("account", "recipe")
    )


@app.command("show")
def show(job_id: str = _ID, as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Shows everything that is known about a job: whose it is, where it ran, what happened, what it cost."""
    creator = get_creator()
    with creator.uow.read() as work:
        job = job_record.find(work, job_id)
        view = job_view.views(work, creator.snapshots, [job])[0]
        record = job_record.read(work, job)
    if as_json:
        typer.echo(json.dumps(view.model_dump(mode="json") | record.model_dump(mode="json")))
        return
    for line in job_text.lines(view, record, Console().width):
        typer.echo(line)


@app.command("stuck")
def list_stuck(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Lists jobs that should have moved and did not; exit code 1 where there are any."""
    with get_creator().uow.read() as work:
        found = stuck.find(work)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in found], default=str))
    else:
        for row in found:
            typer.echo(f"{row.job_id}  {row.status:8}  since {row.since:%Y-%m-%d %H:%M}  {row.why}")
        if not found:
            typer.echo("No job is stuck.")
    if found:
        raise typer.Exit(1)


@app.command("cancel")
def cancel(job_id: str = _ID) -> None:
    """Cancels a job: at once while it waits, within moments while it runs."""
    with get_creator().uow.write() as work:
        job = job_record.find(work, job_id)
        job = service.request_cancel(work, job.account_id, job.id)
        done = job.status == "canceled"
    typer.echo(f"{job_record.short(job.id)} is {'canceled' if done else 'being stopped'}.")


@app.command("retry")
def retry(job_id: str = _ID) -> None:
    """Makes a new job out of one that has ended, and prints its id."""
    with get_creator().uow.write() as work:
        old = job_record.find(work, job_id)
        new_id = service.retry(work, old.account_id, old.user_id, old.id).id
    typer.echo(str(new_id))


def _listed(view: JobView, owner: str, roomy: bool) -> list[str]:
    percent = f" {view.progress.percent:.0f} %" if view.status == "running" else ""
    made = f"{view.created_at:%m-%d %H:%M}"
    row = [job_record.short(view.id), made, owner, view.recipe, f"{view.status}{percent}"]
    return [*row, view.status_sentence] if roomy else row
