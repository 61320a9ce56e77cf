"""Recipes as folders: ``recipe.toml``, ``workflow_api.json`` and two example pictures."""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from creator_app.domain.recipe import MANIFEST_FILE, Manifest, ManifestError, read_manifest
from creator_app.domain.workflow import WORKFLOW_FILE, Workflow, find_problems
from creator_app.errors import InvalidInput, NotFound

SHIPPED: Final = Path(__file__).resolve().parent.parent / "recipes"
# As creators see them, the most wanted first; what is not named here follows by its name.
_ORDER: Final = (
    "youtube-thumbnail",
    "square-post",
    "story",
    "product-on-white",
    "soft-background",
    "film-look",
    "upscale-2x",
    "watermark",
)
_MAX_FILE_BYTES: Final = 5_000_000
_EXAMPLE_ENDINGS: Final = (".webp", ".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class RecipeFolder:
    """A recipe that was read and found right.

    Attributes:
        manifest: the parsed ``recipe.toml``.
        workflow: the graph.
        hash: sha256 of both, hex; the same recipe has the same hash however its files are laid out.
    """

    manifest: Manifest
    workflow: Workflow
    hash: str


def read_folder(path: Path) -> RecipeFolder:
    """Reads and checks a recipe.

    Raises:
        InvalidInput: something is wrong with it; the message has every problem, one a line.
    """
    try:
        return _read(path)
    except ManifestError as error:
        raise InvalidInput(str(error), hint="Mend what is named and try again.") from error


def check_folder(path: Path) -> list[str]:
    """What is wrong with a recipe: sentences that name the file, the key and what to do; empty if nothing."""
    try:
        _read(path)
    except ManifestError as error:
        return error.problems
    return []


def shipped_folders() -> list[Path]:
    """The recipes that come with Creator, in the order in which people see them."""
    folders = [path for path in SHIPPED.iterdir() if (path / MANIFEST_FILE).is_file()]
    return sorted(folders, key=lambda path: (_place(path.name), path.name))


def shipped_folder(slug: str) -> Path:
    """The folder of a recipe that comes with Creator.

    Raises:
        NotFound: there is none of this name.
    """
    for path in shipped_folders():
        if path.name == slug:
            return path
    names = ", ".join(path.name for path in shipped_folders())
    raise NotFound(f'No recipe called "{slug}" comes with Creator.', hint=f"There are: {names}.")


def example_path(slug: str, side: str) -> Path | None:
    """The example picture of a recipe that comes with Creator.

    Args:
        slug: the recipe.
        side: ``before`` or ``after``.
    """
    if side not in ("before", "after"):
        return None
    for folder in shipped_folders():
        if folder.name == slug:
            candidates = (folder / f"example_{side}{ending}" for ending in _EXAMPLE_ENDINGS)
            return next((path for path in candidates if path.is_file()), None)
    return None


@lru_cache(maxsize=64)
def read_shipped(folder: Path) -> RecipeFolder:
    """As `read_folder`, once per process: what comes with Creator does not change while it runs."""
    return read_folder(folder)


def _place(slug: str) -> int:
    return _ORDER.index(slug) if slug in _ORDER else len(_ORDER)


def _read(path: Path) -> RecipeFolder:
    if not path.is_dir():
        raise ManifestError(
            [f"{path}: there is no such folder. Give the folder that has {MANIFEST_FILE} in it."]
        )
    manifest = read_manifest(_text(path, MANIFEST_FILE))
    graph = _text(path, WORKFLOW_FILE)
    try:
        workflow: Any = json.loads(graph)
    except (ValueError, RecursionError) as error:
        raise ManifestError([f"{WORKFLOW_FILE}: this is not JSON: {error}. Export it again."]) from error
    problems = find_problems(workflow, manifest)
    if problems:
        raise ManifestError(problems)
    return RecipeFolder(manifest, workflow, _hash(manifest, workflow))


def _text(folder: Path, name: str) -> str:
    path = folder / name
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise ManifestError([f"{name}: this file is too big for a recipe. Give the recipe's own file."])
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ManifestError([f"{name}: this file is missing in {folder.name}. Add it."]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError([f"{name}: this file can't be read as text. Save it as UTF-8."]) from error


def _hash(manifest: Manifest, workflow: Workflow) -> str:
    content = {"manifest": manifest.model_dump(mode="json"), "workflow": workflow}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
