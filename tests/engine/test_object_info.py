"""Every node is described by /object_info as a real server describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

RECORDED = json.loads(
    (Path(__file__).parent.parent / "data" / "comfyui" / "model_free_nodes.json").read_text()
)["nodes"]
#: docs/engine.md says why.
LEFT_OUT = {"LoadImageSetFromFolderNode"}
_FILES = "<files of the input folder>"


@pytest.fixture(scope="module")
def described(engine_process) -> dict[str, Any]:
    return httpx.get(f"{engine_process.url}/object_info", timeout=10).json()


@pytest.mark.parametrize("name", sorted(set(RECORDED) - LEFT_OUT))
def test_a_node_is_described_as_recorded(described, name):
    assert _without_files(described[name], RECORDED[name]) == RECORDED[name]


def test_nothing_else_is_offered(described):
    probes = {"ProbeSteps", "ProbeBlock", "ProbeFail"}
    assert set(described) - probes == set(RECORDED) - LEFT_OUT


def _without_files(made: Any, recorded: Any) -> Any:
    """`made`, with the recording's word where a server lists its files."""
    if recorded == [_FILES] and isinstance(made, list):
        return [_FILES]
    if isinstance(made, dict) and isinstance(recorded, dict):
        return {key: _without_files(value, recorded.get(key)) for key, value in made.items()}
    if isinstance(made, list) and isinstance(recorded, list) and len(made) == len(recorded):
        return [_without_files(*pair) for pair in zip(made, recorded, strict=True)]
    return made
