"""Checks a prompt before it is queued; the answers have ComfyUI's types, messages and shapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .folders import Folders
from .nodes import NODES, Node
from .values import check_value


@dataclass
class Verdict:
    """Outcome: `error` is None when at least one output can run; `outputs` are those."""

    error: dict[str, Any] | None = None
    outputs: list[str] = field(default_factory=list)
    node_errors: dict[str, Any] = field(default_factory=dict)


def problem(kind: str, message: str, details: str = "", **extra: Any) -> dict[str, Any]:
    """An error in ComfyUI's shape."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def validate(prompt: Any, folders: Folders, targets: list[str] | None = None) -> Verdict:
    """Check the prompt and convert its numbers in place.

    Args:
        prompt: node id -> {"class_type", "inputs"}.
        folders: where file inputs are looked up.
        targets: only these output nodes are to run.

    Raises:
        TypeError: the prompt is no collection of nodes at all.
    """
    outputs = []
    for node_id in prompt:
        if "class_type" not in prompt[node_id]:
            message = "Cannot execute because a node is missing the class_type property."
            return Verdict(problem("invalid_prompt", message, f"Node ID '#{node_id}'"))
        class_type = prompt[node_id]["class_type"]
        if not isinstance(class_type, str) or class_type not in NODES:
            message = f"Cannot execute because node {class_type} does not exist."
            return Verdict(problem("invalid_prompt", message, f"Node ID '#{node_id}'"))
        if NODES[class_type].IS_OUTPUT and (targets is None or node_id in targets):
            outputs.append(node_id)
    if not outputs:
        return Verdict(problem("prompt_no_outputs", "Prompt has no outputs"))
    return _Validator(prompt, folders).run(outputs)


class _Validator:
    def __init__(self, prompt: dict[str, Any], folders: Folders) -> None:
        self._prompt = prompt
        self._folders = folders
        self._errors: dict[str, list[dict[str, Any]]] = {}
        self._valid: dict[str, bool] = {}
        self._open: set[str] = set()

    def run(self, outputs: list[str]) -> Verdict:
        verdict = Verdict()
        details = []
        for output in outputs:
            if self._check_output(output):
                verdict.outputs.append(output)
                continue
            details += [f"{one['message']}: {one['details']}" for one in self._errors.get(output, [])]
            self._report(output, verdict.node_errors)
        if not verdict.outputs:
            message = "Prompt outputs failed validation"
            verdict.error = problem("prompt_outputs_failed_validation", message, "\n".join(details))
        return verdict

    def _check_output(self, output: str) -> bool:
        try:
            return self._check(output)
        except Exception as error:  # noqa: BLE001 - a malformed description can fail in any way
            message = "Exception when validating node"
            self._fail(
                output, problem("exception_during_validation", message, str(error), **_described(error))
            )
            return False

    def _report(self, output: str, node_errors: dict[str, Any]) -> None:
        for node_id in self._before(output):
            if not self._errors.get(node_id):
                continue
            entry = {
                "errors": self._errors[node_id],
                "dependent_outputs": [],
                "class_type": self._class(node_id).CLASS,
            }
            node_errors.setdefault(node_id, entry)["dependent_outputs"].append(output)

    def _before(self, output: str) -> list[str]:
        """The output and all nodes that it depends on, the first ones first."""
        found: dict[str, None] = {}
        waiting = [output]
        while waiting:
            node_id = waiting.pop()
            if node_id in found or node_id not in self._prompt:
                continue
            found[node_id] = None
            inputs = self._prompt[node_id].get("inputs")
            values = inputs.values() if isinstance(inputs, dict) else ()
            links = [value[0] for value in values if isinstance(value, list) and len(value) == 2]
            waiting += [link for link in links if isinstance(link, str)]
        return list(reversed(found))

    def _class(self, node_id: str) -> type[Node]:
        return NODES[self._prompt[node_id]["class_type"]]

    def _fail(self, node_id: str, error: dict[str, Any]) -> None:
        self._valid[node_id] = False
        self._errors.setdefault(node_id, []).append(error)

    def _check(self, node_id: str) -> bool:
        if node_id in self._valid:
            return self._valid[node_id]
        if node_id in self._open:
            return False  # a cycle: invalid, without a reason, as ComfyUI answers
        self._open.add(node_id)
        cls, inputs = self._class(node_id), self._prompt[node_id]["inputs"]
        good = True
        required = cls.required(self._folders)
        for name, spec in {**required, **cls.OPTIONAL}.items():
            if name in inputs:
                good &= self._check_input(node_id, name, spec, inputs)
            elif name in required:
                self._fail(
                    node_id,
                    problem("required_input_missing", "Required input is missing", name, input_name=name),
                )
                good = False
        if good and (reason := cls.problem(self._folders, inputs)):
            name = cls.SELF_CHECKED[0]
            message = "Custom validation failed for node"
            self._fail(
                node_id, problem("custom_validation_failed", message, f"{name} - {reason}", input_name=name)
            )
            good = False
        self._open.discard(node_id)
        self._valid[node_id] = good and self._valid.get(node_id, True)
        return self._valid[node_id]

    def _check_input(self, node_id: str, name: str, spec: tuple[Any, ...], inputs: dict[str, Any]) -> bool:
        value = inputs[name]
        config = [spec[0], spec[1] if len(spec) > 1 else {}]
        if isinstance(value, list):
            return self._check_link(node_id, name, config, value)
        if isinstance(value, dict) and "__value__" in value:
            value = inputs[name] = value["__value__"]
        if name in self._class(node_id).SELF_CHECKED:
            return True
        converted, error = check_value(name, config, value)
        if error:
            self._fail(node_id, error)
            return False
        inputs[name] = converted
        return True

    def _check_link(self, node_id: str, name: str, config: list[Any], link: list[Any]) -> bool:
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            extra = {"input_name": name, "input_config": config, "received_value": link}
            self._fail(node_id, problem("bad_linked_input", message, name, **extra))
            return False
        source, slot = link
        offered = NODES[self._prompt[source]["class_type"]].OUTPUTS
        received = offered[slot]
        if not _fits(received, config[0]):
            details = f"{name}, received_type({received}) mismatch input_type({config[0]})"
            extra = {
                "input_name": name,
                "input_config": config,
                "received_type": received,
                "linked_node": link,
            }
            self._fail(
                node_id,
                problem(
                    "return_type_mismatch", "Return type mismatch between linked nodes", details, **extra
                ),
            )
            return False
        return self._check_source(source, name, config, link)

    def _check_source(self, source: str, name: str, config: list[Any], link: list[Any]) -> bool:
        try:
            return self._check(source)
        except Exception as error:  # noqa: BLE001 - a malformed description can fail in any way
            extra = {"input_name": name, "input_config": config, **_described(error), "linked_node": link}
            message = "Exception when validating inner node"
            self._fail(source, problem("exception_during_inner_validation", message, str(error), **extra))
            return False


def _fits(received: str, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return received == "COMBO"
    return "*" in (received, wanted) or bool(set(received.split(",")) & set(str(wanted).split(",")))


def _described(error: Exception) -> dict[str, Any]:
    return {"exception_message": str(error), "exception_type": type(error).__name__, "traceback": []}
