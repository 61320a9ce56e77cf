"""``creator_app recipe …``: what creators can choose from."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from creator_app.bootstrap import get_creator
from creator_app.services import recipes as service

app = typer.Typer(help="The recipes that creators choose from.", no_args_is_help=True)


@app.command("list")
def list_recipes(as_json: bool = typer.Option(False, "--json", help="Answer as JSON.")) -> None:
    """Lists the recipes."""
    with get_creator().uow.write() as work:
        service.sync_shipped(work)
        cards = service.list_recipes(work)
    if as_json:
        typer.echo(json.dumps([card.model_dump(mode="json") for card in cards]))
        return
    table = Table("slug", "title", "what it does")
    for card in cards:
        table.add_row(card.slug, card.title, card.description)
    Console().print(table)


@app.command("import")
def import_recipe(
    folder: Path = typer.Argument(help="A folder with recipe.toml and workflow_api.json."),
) -> None:
    """Publishes the recipe in a folder; a changed one becomes a new version."""
    with get_creator().uow.write() as work:
        recipe = service.import_folder(work, folder)
    typer.echo(f"{recipe.slug} is published.")


@app.command("check")
def check(slug: str = typer.Argument(help="A shipped recipe's slug, or a folder.")) -> None:
    """Says what is wrong with a recipe; exit code 1 where something is."""
    folder = Path(slug) if Path(slug).is_dir() else service.shipped_folder(slug)
    problems = service.check_folder(folder)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("This recipe is fine.")
