"""Whether a server has what a workflow needs: its node classes, and every model that it names.

Pure. The catalog is a server's ``/object_info`` cut down to choices; its shape is ComfyUI's:
``{class: {"input": {"required": {name: [type or choices, options]}, "optional": {…}}, …}}``.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

#: Choices by input name, by node class. An input that is no choice is not listed.
Catalog = dict[str, dict[str, list[str]]]

_UPLOADS: Final = ("image_upload", "video_upload", "audio_upload", "file_upload")


def catalog_of(object_info: Mapping[str, Any]) -> Catalog:
    """What recipes are checked against, out of a server's answer.

    Args:
        object_info: as the server gave it; what has another shape is skipped, for nodes are written by many.
    """
    return {
        str(name): dict(_choices(node.get("input")))
        for name, node in object_info.items()
        if isinstance(node, Mapping)
    }


def missing(workflow: Mapping[str, Any], given: Collection[tuple[str, str]], catalog: Catalog) -> list[str]:
    """What the server lacks, a few words each, for the operator; empty when it can run the workflow.

    Args:
        workflow: in API format.
        given: node and input of what people set: their values are checked when a job is handed in.
        catalog: the server's.
    """
    return sorted(set(_missing(workflow, given, catalog)))


def _missing(
    workflow: Mapping[str, Any], given: Collection[tuple[str, str]], catalog: Catalog
) -> Iterator[str]:
    for node_id, node in workflow.items():
        class_type = str(node.get("class_type", ""))
        if class_type not in catalog:
            yield f"node {class_type}"
            continue
        for name, choices in catalog[class_type].items():
            value = node.get("inputs", {}).get(name)
            if isinstance(value, str) and (node_id, name) not in given and value not in choices:
                yield f"{class_type}.{name}: {value}"


def _choices(inputs: object) -> Iterator[tuple[str, list[str]]]:
    for group in ("required", "optional"):
        specs = inputs.get(group) if isinstance(inputs, Mapping) else None
        for name, spec in specs.items() if isinstance(specs, Mapping) else ():
            found = _choice_list(spec)
            if found is not None:
                yield str(name), found


def _choice_list(spec: object) -> list[str] | None:
    if not isinstance(spec, list | tuple) or not spec:
        return None
    options = spec[1] if len(spec) > 1 and isinstance(spec[1], Mapping) else {}
    # What people upload is a choice among files there, and changes with every job.
    if any(options.get(flag) for flag in _UPLOADS):
        return None
    # Two notations: the choices themselves, or "COMBO" with them in its options.
    choices = options.get("options") if spec[0] == "COMBO" else spec[0]
    return [str(choice) for choice in choices] if isinstance(choices, list | tuple) else None
