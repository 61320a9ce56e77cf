"""Workflow graphs in ComfyUI's API format: checking one against its manifest, and filling it in."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

from creator_app.domain.formulas import FormulaError, Size, read_formula
from creator_app.domain.graph import PREFIX_INPUT, Workflow, is_link
from creator_app.domain.recipe import Manifest
from creator_app.domain.workflow_safety import reading_problems

__all__ = ["WORKFLOW_FILE", "Workflow", "compute", "fill", "find_problems", "is_link", "with_prefix"]

WORKFLOW_FILE: Final = "workflow_api.json"
MAX_NODES: Final = 2000


def find_problems(workflow: Any, manifest: Manifest) -> list[str]:
    """What is wrong with a workflow, a sentence each, naming the file, the node and what to do."""
    shape = _shape_problem(workflow)
    if shape:
        return [f"{WORKFLOW_FILE}: {shape}"]
    found = [
        *_link_problems(workflow),
        *_target_problems(workflow, manifest),
        *_file_problems(workflow, manifest),
    ]
    return found or [*_formula_problems(manifest)]


def fill(
    workflow: Workflow, manifest: Manifest, values: Mapping[str, Any], files: Mapping[str, str]
) -> Workflow:
    """A copy of the workflow with everything set that people gave.

    Args:
        workflow: a graph that `find_problems` found nothing wrong with.
        manifest: its recipe.
        values: the inputs that are no files, and a `Size` for each picture, by name.
        files: what ComfyUI calls each uploaded file, by the input's name.

    Raises:
        FormulaError: a formula cannot be worked out for these values.
    """
    filled = copy.deepcopy(workflow)
    for one in manifest.inputs:
        given = files.get(one.name) if one.is_file else values.get(one.name)
        if one.node is not None and one.input is not None and given is not None:
            _set(filled, one.node, one.input, given)
    for node_id, key, value in compute(manifest, values):
        _set(filled, node_id, key, value)
    return filled


def compute(manifest: Manifest, values: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """What formulas set: node, input, value.

    Args:
        manifest: the recipe.
        values: as for `fill`.

    Raises:
        FormulaError: one cannot be worked out.
    """
    known = dict(values)
    for name, text in manifest.ordered_values():
        known[name] = read_formula(text).work_out(known)
    for one in manifest.computed:
        yield one.node, one.input, read_formula(one.value).work_out(known)


def with_prefix(workflow: Workflow, prefix: str) -> Workflow:
    """A copy in which every node that saves files begins their names with ``prefix``."""
    copied = copy.deepcopy(workflow)
    for node in copied.values():
        if PREFIX_INPUT in node["inputs"]:
            node["inputs"][PREFIX_INPUT] = prefix
    return copied


def _set(workflow: Workflow, node_id: str, key: str, value: Any) -> None:
    """Sets a value in the kind of number that the node had: a whole one stays whole."""
    inputs = workflow[node_id]["inputs"]
    former = inputs[key]
    whole = isinstance(former, int) and not isinstance(former, bool)
    inputs[key] = round(value) if whole and isinstance(value, float) else value


def _shape_problem(workflow: Any) -> str | None:
    if isinstance(workflow, dict) and isinstance(workflow.get("nodes"), list):
        return "this is a workflow as ComfyUI's page saves it. Export it there with Workflow → Export (API)."
    if not isinstance(workflow, dict) or not workflow:
        return "there is no workflow in it. Export one from ComfyUI with Workflow → Export (API)."
    if len(workflow) > MAX_NODES:
        return f"more than {MAX_NODES} nodes are too many. Take a smaller workflow."
    for node_id, node in workflow.items():
        if not (
            isinstance(node, dict)
            and isinstance(node.get("class_type"), str)
            and isinstance(node.get("inputs"), dict)
        ):
            return f'node "{node_id}" lacks "class_type" or "inputs". Export the workflow again.'
    return None


def _link_problems(workflow: Workflow) -> Iterator[str]:
    for node_id, node in workflow.items():
        for key, value in node["inputs"].items():
            if is_link(value) and value[0] not in workflow:
                place = f'node "{node_id}", input "{key}"'
                yield f'{WORKFLOW_FILE}: {place} is linked to node "{value[0]}", which is missing. Mend it.'
    if _has_cycle(workflow):
        yield f"{WORKFLOW_FILE}: its nodes are linked in a circle. Cut the circle."


def _has_cycle(workflow: Workflow) -> bool:
    waits_for = {
        node_id: {value[0] for value in node["inputs"].values() if is_link(value)} & workflow.keys()
        for node_id, node in workflow.items()
    }
    while waits_for:
        ready = {node_id for node_id, sources in waits_for.items() if not sources}
        if not ready:
            return True
        waits_for = {
            node_id: sources - ready for node_id, sources in waits_for.items() if node_id not in ready
        }
    return False


def _target_problems(workflow: Workflow, manifest: Manifest) -> Iterator[str]:
    targets = [
        (f'input "{one.name}"', one.node, one.input) for one in manifest.inputs if one.node is not None
    ]
    targets += [(f'[[computed]] "{one.value}"', one.node, one.input) for one in manifest.computed]
    for what, node_id, key in targets:
        if node_id not in workflow:
            yield f'recipe.toml: {what} names node "{node_id}", which {WORKFLOW_FILE} does not have.'
        elif key not in workflow[node_id]["inputs"]:
            has = ", ".join(workflow[node_id]["inputs"])
            yield f'recipe.toml: {what} names input "{key}"; node "{node_id}" has: {has}.'
        elif is_link(workflow[node_id]["inputs"][key]):
            yield f'recipe.toml: {what} would cut the link at node "{node_id}", input "{key}". Name another.'
    for output in manifest.outputs:
        if output.node not in workflow:
            what = f'output "{output.label}"'
            yield f'recipe.toml: {what} names node "{output.node}", which {WORKFLOW_FILE} does not have.'


def _file_problems(workflow: Workflow, manifest: Manifest) -> Iterator[str]:
    for one in manifest.file_inputs:
        if one.node is None:
            yield f'recipe.toml: input "{one.name}" is a file: give the "node" and "input" that load it.'
        elif not one.required:
            what = f'input "{one.name}" is a file that may be left out'
            yield f"recipe.toml: {what}, and then the server's own file is read: set required = true."
    fed = {(one.node, one.input) for one in manifest.file_inputs if one.node and one.input}
    for problem in reading_problems(workflow, fed):
        yield f"{WORKFLOW_FILE}: {problem}. Feed it from an input of the recipe instead."


_TRIAL_SIZES: Final = (Size(1200, 800), Size(800, 1200), Size(16, 10_000), Size(10_000, 16), Size(16, 16))


def _formula_problems(manifest: Manifest) -> Iterator[str]:
    seen: set[str] = set()
    for values in _trials(manifest):
        try:
            list(compute(manifest, values))
        except FormulaError as error:
            if str(error) not in seen:
                seen.add(str(error))
                yield f"recipe.toml: a formula does not work for every picture and choice: {error}. Mend it."


def _trials(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Values to try formulas with: odd sizes, then every choice and both ends of every range."""
    usual: dict[str, Any] = {
        one.name: one.default if one.default is not None else _stand_in(one.type) for one in manifest.inputs
    }
    for size in _TRIAL_SIZES:
        yield usual | {one.name: size for one in manifest.file_inputs}
    usual |= {one.name: _TRIAL_SIZES[0] for one in manifest.file_inputs}
    for one in manifest.inputs:
        for value in [*(one.choices or []), one.min, one.max]:
            if value is not None and not one.is_file and one.type != "text":
                yield usual | {one.name: value}


def _stand_in(kind: str) -> Any:
    return {"text": "text", "boolean": False, "choice": ""}.get(kind, 1)
