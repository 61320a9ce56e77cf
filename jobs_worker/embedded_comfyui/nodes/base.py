"""What a node is, and the register of all of them.

A node is one small class under `@node(...)`: its inputs and outputs as /object_info shows them, and `run`.
To add one, write the class in the module of its theme; nothing else has to be changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from ..folders import Folders

InputSpec = tuple[Any, ...]
Inputs = dict[str, InputSpec]


class Run(Protocol):
    """What a node sees of the prompt it runs in."""

    folders: Folders
    prompt: dict[str, Any]
    png_info: dict[str, Any] | None

    def check_interrupt(self) -> None:
        """Raise PromptInterruptedError after a cancel; long nodes call it now and then."""

    def progress(self, value: int, maximum: int, preview: Any = None) -> None:
        """Report a step, with a Pillow picture as preview; raises PromptInterruptedError after a cancel."""


@dataclass(frozen=True)
class Result:
    """Outputs of a node that also shows something to the user (`ui`)."""

    outputs: tuple[Any, ...] = ()
    ui: dict[str, Any] = field(default_factory=dict)


class Node:
    """Base of all nodes. Subclasses set the class attributes and write `run`."""

    CLASS: ClassVar[str]
    TITLE: ClassVar[str | None]
    CATEGORY: ClassVar[str]
    MODULE: ClassVar[str]
    DESCRIPTION: ClassVar[str] = ""
    EXPERIMENTAL: ClassVar[bool] = False
    REQUIRED: ClassVar[Inputs] = {}
    OPTIONAL: ClassVar[Inputs] = {}
    HIDDEN: ClassVar[dict[str, Any]] = {}
    OUTPUTS: ClassVar[tuple[str, ...]] = ()
    OUTPUT_NAMES: ClassVar[tuple[str, ...] | None] = None
    OUTPUT_TIPS: ClassVar[tuple[str, ...] | None] = None
    OUTPUT_IS_LIST: ClassVar[tuple[bool, ...] | None] = None
    INPUT_IS_LIST: ClassVar[bool] = False
    IS_OUTPUT: ClassVar[bool] = False
    SELF_CHECKED: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def required(cls, folders: Folders) -> Inputs:
        """The required inputs; a node whose choices are files overrides this."""
        return cls.REQUIRED

    @classmethod
    def input_names(cls) -> frozenset[str]:
        """Inputs that the node knows; a prompt may carry others, which are ignored."""
        return frozenset((*cls.REQUIRED, *cls.OPTIONAL, *cls.SELF_CHECKED))

    @classmethod
    def problem(cls, folders: Folders, values: dict[str, Any]) -> str | None:
        """Why the values of SELF_CHECKED inputs are refused, or None."""
        return None

    @classmethod
    def fingerprint(cls, folders: Folders, values: dict[str, Any]) -> Any:
        """What counts for the cache beside the inputs, such as a file's content."""
        return None

    # Computes the outputs, one per entry of OUTPUTS, from `run: Run` and the inputs by name.
    run: ClassVar[Callable[..., tuple[Any, ...] | Result]]


NODES: dict[str, type[Node]] = {}


def node(name: str, title: str | None, category: str, module: str = "") -> Callable[[type[Node]], type[Node]]:
    """Register a node class.

    Args:
        name: its class name in ComfyUI.
        title: as ComfyUI shows it; None where it has no title of its own.
        category: place in ComfyUI's menu.
        module: the module of ComfyUI that has it, as /object_info names it, without "comfy_extras.nodes_";
            empty for the core ones.
    """

    def register(cls: type[Node]) -> type[Node]:
        cls.CLASS, cls.TITLE, cls.CATEGORY, cls.MODULE = name, title, category, module
        NODES[name] = cls
        return cls

    return register


IMAGE: InputSpec = ("IMAGE",)
MASK: InputSpec = ("MASK",)
SIDE_LIMIT = 16384


def inputs(**specs: Any) -> Inputs:
    """The inputs of a node, in the order in which clients show them."""
    return specs


def _spec(kind: Any, **settings: Any) -> InputSpec:
    return (kind, {name: value for name, value in settings.items() if value is not None})


def integer(
    default: int, low: int, high: int = SIDE_LIMIT, step: int | None = 1, tip: str | None = None
) -> InputSpec:
    """A whole number between two limits."""
    return _spec("INT", default=default, min=low, max=high, step=step, tooltip=tip)


def number(default: float, low: float, high: float, step: float = 0.01, tip: str | None = None) -> InputSpec:
    """A number between two limits."""
    return _spec("FLOAT", default=default, min=low, max=high, step=step, tooltip=tip)


def choice(*options: str, default: str | None = None) -> InputSpec:
    """One of some words, in the older notation."""
    return (list(options),) if default is None else (list(options), {"default": default})


def combo(*options: str, default: str | None = None, tip: str | None = None) -> InputSpec:
    """One of some words, in the newer notation. Clients meet both, as on a real server."""
    return _spec("COMBO", multiselect=False, options=list(options), default=default, tooltip=tip)


def text(default: str | None = None, multiline: bool | None = None, tip: str | None = None) -> InputSpec:
    """A text."""
    return _spec("STRING", default=default, multiline=multiline, tooltip=tip)


def switch(default: bool | None = None, tip: str | None = None) -> InputSpec:
    """Yes or no."""
    return _spec("BOOLEAN", default=default, tooltip=tip)


def link(kind: str, tip: str | None = None) -> InputSpec:
    """A result of another node, in the notation of the newer nodes."""
    return _spec(kind, tooltip=tip)
