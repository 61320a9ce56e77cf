"""What nodes that write files share: names, entries for clients, and texts about the prompt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .base import Run, inputs

SAVES = "Saves the input images to your ComfyUI output directory."
PREFIX_TIP = (
    "The prefix for the file to save. This may include formatting information such as %date:yyyy-MM-dd% or "
    "%Empty Latent Image.width% to include values from nodes."
)
HIDDEN = inputs(prompt="PROMPT", extra_pnginfo="EXTRA_PNGINFO")
NEWER_HIDDEN = inputs(prompt=("PROMPT",), extra_pnginfo=("EXTRA_PNGINFO",))


def next_file(
    run: Run, prefix: str, ending: str, width: int = 0, height: int = 0
) -> tuple[Path, dict[str, str]]:
    """The next free output file of a prefix, and its entry as clients use it in /view."""
    place = run.folders.save_place(prefix, "output", width, height)
    name = f"{place.stem}_{place.counter:05}_.{ending}"
    return place.folder / name, {"filename": name, "subfolder": place.subfolder, "type": "output"}


@contextmanager
def completed(path: Path) -> Iterator[Path]:
    """Where to write: renamed to `path` when complete.

    An engine killed while it writes leaves no half file under a real name.
    """
    partial = path.with_name(f".{path.name}.part{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def texts(run: Run) -> dict[str, str]:
    """What is written into files about the prompt, as JSON by name; nothing where that is switched off."""
    if run.png_info is None:
        return {}
    return {name: json.dumps(value) for name, value in {"prompt": run.prompt, **run.png_info}.items()}
