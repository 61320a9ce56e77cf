"""``creator_app run SLUG FILE…``: runs pictures through a recipe from the command line."""

import itertools
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import BinaryIO
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlmodel import col, select

from creator_app.bootstrap import Creator, get_creator
from creator_app.cli.stack import running_stack
from creator_app.domain.job_state import FINAL, JobStatus
from creator_app.errors import CreatorError, InvalidInput
from creator_app.models import Asset, Job, User
from creator_app.services import accounts, job_view, recipes
from creator_app.services.intake import Submission
from creator_app.services.job_view import JobView

_LOOK_EVERY_S = 0.2
LOCAL_USER = "operator@localhost.localdomain"


def run(
    slug: str = typer.Argument(help="The recipe: see `recipe list`."),
    files: list[Path] = typer.Argument(help="The pictures."),
    out: Path = typer.Option(Path(), "-o", "--out", help="Where results go."),
    settings: list[str] = typer.Option(
        [], "--set", help="An input of the recipe: name=value; for a further picture its file."
    ),
    as_email: str = typer.Option("", "--as", help="Whose jobs these are; the first admin's where left out."),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Runs pictures through a recipe; starts a temporary Creator where none runs."""
    given = dict(_pair(text) for text in settings)
    _make_folder(out)
    with running_stack():
        creator = get_creator()
        user = _user(creator, as_email)
        values, more = _apart(creator, slug, given)
        submitted = [(path, *_submit(creator, user, slug, values, {"image": path, **more})) for path in files]
        accepted = [job for _, job, _ in submitted if job]
        try:
            followed = _follow(creator, accepted, quiet=as_json)
        except KeyboardInterrupt:
            _say_that_it_goes_on(accepted)
            raise typer.Exit(130) from None
        answers = [
            _finish(creator, path, followed.get(job), problem, out) for path, job, problem in submitted
        ]
    _print(answers, as_json)
    if any("error" in answer for answer in answers):
        raise typer.Exit(1)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file has this name" if out.exists() else error.strerror
        raise InvalidInput(f"{out} can't be a folder: {reason}.", hint="Name another one with -o.") from None


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise InvalidInput(f"--set takes name=value, not {text!r}.", hint="For example: --set strength=0.5")
    return name, value


def _user(creator: Creator, email: str) -> User:
    with creator.uow.write() as work:
        user = accounts.operators_user(work, email)
        if user is not None:
            return user
        typer.echo(f"Nobody has signed up yet: these jobs are {LOCAL_USER}'s.", err=True)
        return accounts.add_user(work, LOCAL_USER, None, admin=True, verified=True)


def _apart(creator: Creator, slug: str, given: dict[str, str]) -> tuple[dict[str, str], dict[str, Path]]:
    """What was given, apart: values, and files by the names of the recipe's file inputs."""
    with creator.uow.read() as work:
        names = {one.name for one in recipes.get_recipe(work, slug).manifest.file_inputs}
    files = {name: Path(text) for name, text in given.items() if name in names}
    return {name: text for name, text in given.items() if name not in names}, files


def _submit(
    creator: Creator, user: User, slug: str, values: dict[str, str], paths: dict[str, Path]
) -> tuple[UUID | None, CreatorError | None]:
    try:
        with ExitStack() as stack:
            submission = Submission(
                account_id=user.account_id,
                user_id=user.id,
                slug=slug,
                values=values,
                files={n: (stack.enter_context(path.open("rb")), path.name) for n, path in paths.items()},
                source="cli",
            )
            return creator.intake.submit(submission)[0].id, None
    except OSError as error:
        return None, InvalidInput(
            f"{error.filename} can't be read: {error.strerror}.", hint="Check the file's name."
        )
    except CreatorError as error:
        return None, error


def _follow(creator: Creator, job_ids: list[UUID | None], *, quiet: bool) -> dict[UUID | None, JobView]:
    done: dict[UUID | None, JobView] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    console = Console(stderr=True, quiet=quiet)
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        tasks: dict[UUID | None, TaskID] = {}
        while len(done) < len(job_ids):
            for view in _views(creator, [job_id for job_id in job_ids if job_id not in done]):
                if view.id not in tasks:
                    tasks[view.id] = bars.add_task(str(view.filename), total=100)
                text = f"{view.filename}: {view.status_sentence}"
                bars.update(tasks[view.id], completed=view.progress.percent, description=text)
                if JobStatus(view.status) in FINAL:
                    done[view.id] = view
            time.sleep(_LOOK_EVERY_S)
    return done


def _say_that_it_goes_on(job_ids: list[UUID | None]) -> None:
    typer.echo("\nNobody watches any more, but what was accepted is still made while Creator runs.", err=True)
    for job_id in job_ids:
        typer.echo(f"  to stop it: python -m creator_app jobs cancel {job_id}", err=True)


def _views(creator: Creator, job_ids: list[UUID | None]) -> list[JobView]:
    with creator.uow.read() as work:
        rows = work.session.exec(select(Job).where(col(Job.id).in_(job_ids))).all()
        return job_view.views(work, creator.snapshots, rows)


def _finish(
    creator: Creator, path: Path, view: JobView | None, problem: CreatorError | None, out: Path
) -> dict[str, object]:
    if problem is not None or view is None:
        message = problem.message if problem else "It was not accepted."
        return {"file": str(path), "error": message, "hint": problem.hint if problem else ""}
    if view.status != JobStatus.SUCCEEDED:
        message = view.error.message if view.error else view.status_sentence
        return {"file": str(path), "job": str(view.id), "error": message}
    return {"file": str(path), "job": str(view.id), "outputs": _save(creator, view, out)}


def _save(creator: Creator, view: JobView, out: Path) -> list[str]:
    with creator.uow.read() as work:
        job = work.session.get(Job, view.id)
        rows = [(row, work.session.get(Asset, UUID(row["asset_id"]))) for row in job.outputs] if job else []
    saved = []
    for row, asset in rows:
        target, file = _new_file(out, PurePath(row["filename"]))
        with file:
            for chunk in creator.storage.open(asset.storage_key) if asset else ():
                file.write(chunk)
        saved.append(str(target))
    return saved


def _new_file(out: Path, name: PurePath) -> tuple[Path, BinaryIO]:
    """A file that was not there: cameras call many pictures the same, and nothing is written over."""
    for number in itertools.count(1):
        target = out / (name.name if number == 1 else f"{name.stem}-{number}{name.suffix}")
        try:
            return target, target.open("xb")
        except FileExistsError:
            continue
    raise AssertionError("numbers never end")


def _print(answers: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answers))
        return
    for answer in answers:
        outputs = answer.get("outputs")
        if isinstance(outputs, list):
            for saved in outputs:
                typer.echo(saved)
        else:
            typer.echo(f"{answer['file']}: {answer['error']} {answer.get('hint', '')}".rstrip(), err=True)
    sys.stdout.flush()
