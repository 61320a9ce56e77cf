"""All nodes of the engine: importing this package registers them."""

from . import compose, filters, load, mask, save, scale, transform, values
from .base import NODES, Node

__all__ = ["NODES", "Node", "compose", "filters", "load", "mask", "save", "scale", "transform", "values"]
