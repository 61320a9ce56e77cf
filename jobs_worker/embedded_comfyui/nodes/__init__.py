"""All nodes of the engine: importing this package registers them."""

from . import (
    color,
    compose,
    filters,
    latent,
    latent_files,
    latent_mix,
    load,
    mask,
    noise,
    patterns,
    porter_duff,
    save,
    scale,
    shapes,
    transform,
    values,
    video,
)
from .base import NODES, Node

__all__ = [
    "NODES",
    "Node",
    "color",
    "compose",
    "filters",
    "latent",
    "latent_files",
    "latent_mix",
    "load",
    "mask",
    "noise",
    "patterns",
    "porter_duff",
    "save",
    "scale",
    "shapes",
    "transform",
    "values",
    "video",
]
