"""``creator_app queue …``: what waits, and the operator's switches."""

import json

import typer

from creator_app.bootstrap import get_creator
from creator_app.cli.tables import many
from creator_app.repositories.line import LineRepository
from creator_app.services import beats, switches

app = typer.Typer(help="What waits, and whether new work is taken and started.", no_args_is_help=True)
_INTAKE = typer.Option(False, "--intake", help="New jobs are refused, those accepted go on.")


@app.command("show")
def show(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Says how many jobs wait, of how many people, and how the switches stand."""
    with get_creator().uow.read() as work:
        waiting = LineRepository(work.session).waiting()
        line = switches.read(work)
        workers, shortage = beats.workers(work), beats.shortage(work)
    facts = {
        "waiting": sum(lane.jobs for lane in waiting),
        "accounts": len({lane.account_id for lane in waiting}),
        "intake_paused": line.intake_paused,
        "queue_paused": line.queue_paused,
        "workers": workers,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    jobs, accounts = many(facts["waiting"], "job"), many(facts["accounts"], "account")
    waits = f"{jobs} of {accounts} wait{'s' if facts['waiting'] == 1 else ''}."
    typer.echo(waits if facts["waiting"] else "Nothing waits.")
    typer.echo(f"New jobs are {'refused' if line.intake_paused else 'taken'}.")
    typer.echo(f"Waiting jobs are {'held back' if line.queue_paused else 'started'}.")
    if workers is not None:
        typer.echo(f"{many(workers, 'worker')} answer{'s' if workers == 1 else ''}.")
    if shortage:
        typer.echo(shortage)


@app.command("pause")
def pause(intake: bool = _INTAKE) -> None:
    """Starts nothing new; what runs goes on. With --intake: takes nothing new."""
    _turn(intake, paused=True)
    typer.echo("New jobs are refused." if intake else "Nothing new is started.")


@app.command("resume")
def resume(intake: bool = _INTAKE) -> None:
    """Goes on."""
    _turn(intake, paused=False)
    typer.echo("New jobs are taken." if intake else "Waiting jobs are started.")


def _turn(intake: bool, *, paused: bool) -> None:
    with get_creator().uow.write() as work:
        if intake:
            switches.turn(work, intake_paused=paused)
        else:
            switches.turn(work, queue_paused=paused)
