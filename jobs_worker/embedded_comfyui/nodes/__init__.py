"""All nodes of the engine: importing this package registers them."""

from . import (
    color,
    compose,
    filters,
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
)
from .base import NODES, Node

__all__ = [
    "NODES",
    "Node",
    "color",
    "compose",
    "filters",
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
]
