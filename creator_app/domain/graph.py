"""The shape of ComfyUI's API format.

``{"3": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "width": 512, …}}, …}``; a list of two is a
link to another node's output.
"""

from typing import Any, Final

#: Under this name nodes that save files take the beginning of their names.
PREFIX_INPUT: Final = "filename_prefix"

Workflow = dict[str, dict[str, Any]]


def is_link(value: Any) -> bool:
    """Whether an input's value is a link to another node's output."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )
