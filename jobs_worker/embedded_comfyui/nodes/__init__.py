"""All nodes of the engine: importing this package registers them."""

from . import compose, filter, load, mask, save, scale, transform, values
from .base import NODES, Node

__all__ = ["NODES", "Node", "compose", "filter", "load", "mask", "save", "scale", "transform", "values"]
