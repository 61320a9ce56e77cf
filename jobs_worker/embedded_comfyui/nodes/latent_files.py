"""Nodes that read and write latents as files (safetensors)."""

from __future__ import annotations

from typing import Any

import numpy as np
from safetensors.numpy import load, save_file

from ..folders import Folders
from ..latents import Latent, check_cells
from .base import Inputs, Node, Result, Run, inputs, node, text
from .files import FileNode, existing
from .latent import LATENT, changed
from .saving import HIDDEN, completed, next_file, texts

_VERSION = "latent_format_version_0"
_UNSCALED = 1.0 / 0.18215  # files older than the version mark hold scaled values


@node("SaveLatent", "SaveLatent", "_for_testing")
class SaveLatent(Node):
    REQUIRED = inputs(samples=LATENT, filename_prefix=text("latents/ComfyUI"))
    HIDDEN = HIDDEN
    IS_OUTPUT = True

    def run(self, run: Run, samples: Latent, filename_prefix: str, **_: Any) -> Result:
        path, entry = next_file(run, filename_prefix, "latent")
        values = {
            "latent_tensor": np.ascontiguousarray(samples["samples"]),
            _VERSION: np.zeros(0, np.float32),
        }
        with completed(path) as partial:
            save_file(values, partial, texts(run))
        return Result(ui={"latents": [entry]})


@node("LoadLatent", "LoadLatent", "_for_testing")
class LoadLatent(FileNode):
    SELF_CHECKED = ("latent",)
    WHAT = "latent"
    OUTPUTS = ("LATENT",)

    @classmethod
    def required(cls, folders: Folders) -> Inputs:
        return {"latent": ([name for name in folders.input_files() if name.endswith(".latent")],)}

    def run(self, run: Run, latent: str) -> tuple[Any, ...]:
        values = load(existing(run.folders, latent).read_bytes())
        samples = values["latent_tensor"].astype(np.float32)
        if samples.ndim != 4:
            raise ValueError(f"A latent has four dimensions, this one has {samples.ndim}.")
        check_cells(samples.shape[3], samples.shape[2], samples.shape[0] * samples.shape[1])
        return changed({}, samples if _VERSION in values else samples * np.float32(_UNSCALED))
