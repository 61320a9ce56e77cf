"""What a workflow may read: the files that Creator uploaded for the job, and nothing else on the server.

ComfyUI's load nodes open "../" and annotated names such as "x.png [output]", so whoever writes such a value
reads other people's pictures, or the server's own files. Values are checked when a recipe comes in, when a
job is handed in, and once more right before a prompt is sent.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from creator_app.domain.graph import PREFIX_INPUT, Workflow, is_link

_MEDIA: Final = r"(?:image|picture|photo|video|audio|latent|mask|gif|frame|media|mesh|3d)s?"
_LOADER: Final = re.compile(rf"load[\s_-]*{_MEDIA}|{_MEDIA}[\s_-]*load", re.IGNORECASE)
#: These load weights: their choices are lists that the server keeps.
_MODEL_LOADER: Final = re.compile(r"model|checkpoint|encoder|lora|upscaler|detector", re.IGNORECASE)
_FILE_KEYS: Final = re.compile(
    r"(?:image|video|audio|latent|mask|mesh|model|gif)?_?(?:file(?:_?name|_?path)?s?|path|url|dir|directory|folder)"
    r"|images?|videos?|audio|latent|mask|mesh|gif",
    re.IGNORECASE,
)
_LOOKS_LIKE_A_FILE: Final = re.compile(r"[\\/]|\.[A-Za-z0-9]{2,5}\s*$")
#: What ComfyUI's page keeps for itself in load nodes; no node reads it.
_OF_THE_PAGE: Final = frozenset({"audioUI", "videopreview", "upload"})
_OUTSIDE: Final = re.compile(
    r"^\s*(?:/|\\[\w\\.]|~[\w.-]*[\\/]|[A-Za-z]:[\\/]|file:)"  # from the root, somebody's home, a drive
    r"|(?:^\s*|[\\/])\.\.(?:[\\/]|\s*$)"  # out of the folder
    r"|\[(?:input|output|temp)\]\s*$"  # into another folder of the server
    r"|\x00",
    re.IGNORECASE,
)


class UnsafeWorkflow(ValueError):
    """A prompt would read what it may not, or is not the recipe's any more."""


def leads_outside(value: str) -> bool:
    """Whether a text is like the name of a file outside of the folder where names belong."""
    return _OUTSIDE.search(value) is not None


def reading_problems(workflow: Workflow, fed: Collection[tuple[str, str]]) -> Iterator[str]:
    """What a recipe's workflow would read that was not uploaded: a few words each, naming node and input.

    Args:
        workflow: in API format.
        fed: node and input of the files that people give.
    """
    for node_id, node in workflow.items():
        for key, value in node["inputs"].items():
            if (node_id, key) in fed:
                continue
            place = f'node "{node_id}" ({node["class_type"]}), input "{key}"'
            if _names_a_file(node["class_type"], key, value):
                yield f"{place} reads {_shown(value)}"
            elif key not in _OF_THE_PAGE and any(leads_outside(text) for text in _texts(value)):
                yield f"{place} leads outside of its folder: {_shown(value)}"


def check_before_sending(prompt: Workflow, recipe: Workflow, uploaded: Collection[str]) -> None:
    """The last look at a prompt: still the recipe's graph, and no file in it but those that were uploaded.

    Args:
        prompt: as it would be sent.
        recipe: the recipe's own workflow.
        uploaded: the names that the server gave to this job's files.

    Raises:
        UnsafeWorkflow: it may not be sent.
    """
    if prompt.keys() != recipe.keys():
        raise UnsafeWorkflow("its nodes are not the recipe's")
    for node_id, node in prompt.items():
        declared = recipe[node_id]
        if node["class_type"] != declared["class_type"] or node["inputs"].keys() != declared["inputs"].keys():
            raise UnsafeWorkflow(f'node "{node_id}" is not the one that the recipe declares')
        for key, value in node["inputs"].items():
            _check_value(f'node "{node_id}" ({node["class_type"]}), input "{key}"', declared, key, value)
            names_a_file = _names_a_file(node["class_type"], key, value)
            if names_a_file and not (isinstance(value, str) and value in uploaded):
                raise UnsafeWorkflow(f'node "{node_id}", input "{key}" names a file that was not uploaded')


def _check_value(place: str, declared: Mapping[str, Any], key: str, value: Any) -> None:
    own = declared["inputs"][key]
    if isinstance(value, list | dict) and value != own:
        raise UnsafeWorkflow(f"{place} has another link than the recipe's")
    if is_link(own) and value != own and key != PREFIX_INPUT:  # the prefix is ours, whatever it was
        raise UnsafeWorkflow(f"{place} lost the recipe's link")
    if key not in _OF_THE_PAGE and any(leads_outside(text) for text in _texts(value)):
        raise UnsafeWorkflow(f"{place} leads outside of its folder")


def _names_a_file(class_type: str, key: str, value: Any) -> bool:
    if not _LOADER.search(class_type) or _MODEL_LOADER.search(class_type) or key in _OF_THE_PAGE:
        return False
    if is_link(value):  # a name put together from texts could be any
        return _FILE_KEYS.fullmatch(key) is not None
    texts = [text for text in _texts(value) if text.strip()]
    is_file = _FILE_KEYS.fullmatch(key) is not None
    return any(is_file or _LOOKS_LIKE_A_FILE.search(text) for text in texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict) and not is_link(value):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _shown(value: Any) -> str:
    return f'"{str(value)[:80]}"' if isinstance(value, str) else "what another node puts together"
