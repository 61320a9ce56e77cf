"""``creator_app recipe …``: what creators can choose from."""

import json
from dataclasses import asdict
from pathlib import Path

import typer
from sqlalchemy.exc import SQLAlchemyError

from creator_app.bootstrap import get_creator
from creator_app.cli.stack import has_database
from creator_app.cli.tables import print_table
from creator_app.services import recipe_servers
from creator_app.services import recipes as service
from creator_app.services.recipe_servers import Fit

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
    rows = [(card.slug, card.title, card.description) for card in cards]
    print_table(("slug", "title", "what it does"), rows, whole=("slug",))


@app.command("import")
def import_recipe(
    folder: Path = typer.Argument(help="A folder with recipe.toml and workflow_api.json."),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Publishes the recipe in a folder, a changed one as a new version, and says which servers can run it."""
    with get_creator().uow.write() as work:
        recipe = service.import_folder(work, folder)
        version = service.get_recipe(work, recipe.slug).version
        found = recipe_servers.fits(work, version.workflow, version.manifest)
    if as_json:
        typer.echo(json.dumps({"slug": recipe.slug, "servers": [asdict(fit) for fit in found]}))
        return
    typer.echo("\n".join([f"{recipe.slug} is published.", *recipe_servers.sentences(found)]))


@app.command("check")
def check(
    slug: str = typer.Argument(help="A shipped recipe's slug, or a folder."),
    as_json: bool = typer.Option(False, "--json", help="Answer as JSON."),
) -> None:
    """Says what is wrong with a recipe; exit code 1 where something is. Says which servers could run it."""
    folder = Path(slug) if Path(slug).is_dir() else service.shipped_folder(slug)
    problems = service.check_folder(folder)
    found = None if problems else _fits(folder)
    if as_json:
        rows = None if found is None else [asdict(fit) for fit in found]
        typer.echo(json.dumps({"problems": problems, "servers": rows}))
    else:
        for problem in problems:
            typer.echo(problem, err=True)
        if not problems:
            nowhere = ["There is no Creator here whose servers could be looked at."]
            known = nowhere if found is None else recipe_servers.sentences(found)
            typer.echo("\n".join(["This recipe is fine.", *known]))
    if problems:
        raise typer.Exit(1)


def _fits(folder: Path) -> list[Fit] | None:
    """The pool's servers and what they lack; ``None`` without a pool: recipes may be written anywhere."""
    if not has_database():
        return None
    recipe = service.read_folder(folder)
    try:
        with get_creator().uow.read() as work:
            return recipe_servers.fits(work, recipe.workflow, recipe.manifest.model_dump(mode="json"))
    except SQLAlchemyError:
        return None
