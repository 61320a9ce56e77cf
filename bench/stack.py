"""The Creator that is measured: found in its home, with a key to use it."""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creator_app.models import RecipeVersion
from creator_app.models.base import new_id
from creator_app.services.recipe_folders import read_shipped, shipped_folders
from creator_app.services.recipes import build_workflow


@dataclass(frozen=True)
class Stack:
    """A running Creator: where its pages are, where its engine is, and a key."""

    url: str
    engine: str
    api_key: str

    def workflow(self, slug: str) -> tuple[dict[str, Any], str]:
        """A shipped recipe's prompt as the engine gets it for a 1024×1024 picture, and its load node."""
        found = read_shipped(next(folder for folder in shipped_folders() if folder.name == slug))
        manifest = found.manifest.model_dump(mode="json")
        version = RecipeVersion(
            recipe_id=new_id(), hash=found.hash, manifest=manifest, workflow=found.workflow
        )
        inputs = {one["name"]: one.get("default") for one in manifest["inputs"] if one["type"] != "image"}
        inputs["image"] = {"asset_id": str(new_id()), "filename": "bench.png", "width": 1024, "height": 1024}
        prompt = build_workflow(version, inputs, {"image": "bench.png"}, "bench")
        load = next(node for node, row in prompt.items() if row["class_type"] == "LoadImage")
        return prompt, load


def find_stack(home: Path) -> Stack:
    """The Creator that runs in ``home``.

    Raises:
        SystemExit: none runs there.
    """
    home = home.resolve()
    file = home / "run" / "stack.json"
    if not file.exists():
        raise SystemExit(f"No Creator runs in {home}: start one with `make run`.")
    running = json.loads(file.read_text())
    environment = {**os.environ, "CREATOR_HOME": str(home)}
    email = f"bench-{uuid.uuid4().hex[:8]}@example.org"
    made = subprocess.run(
        [sys.executable, "-m", "creator_app", "user", "add", email, "--api-key", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    settings = running["environment"]
    return Stack(
        url=running["url"],
        engine=settings["COMFYUI_SERVERS"].split(",")[0],
        api_key=json.loads(made.stdout)["api_key"],
    )
