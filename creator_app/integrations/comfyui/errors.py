"""What can go wrong with a prompt, in kinds: words for the creator, facts for the operator."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from creator_app.errors import CreatorError


class ErrorKind(StrEnum):
    """Why a prompt did not give a result."""

    BAD_INPUT = "bad_input"
    MISSING_NODE = "missing_node"
    MISSING_MODEL = "missing_model"
    OUT_OF_MEMORY = "out_of_memory"
    SERVER_GONE = "server_gone"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


_WORDS: Final[dict[ErrorKind, tuple[str, str]]] = {
    ErrorKind.BAD_INPUT: (
        "This recipe could not work with what it was given.",
        "Try another picture or other settings.",
    ),
    ErrorKind.MISSING_NODE: (
        "This recipe needs something that the server does not have.",
        "Tell the person who runs this site; your picture is fine.",
    ),
    ErrorKind.MISSING_MODEL: (
        "This recipe needs a model that the server does not have.",
        "Tell the person who runs this site; your picture is fine.",
    ),
    ErrorKind.OUT_OF_MEMORY: ("The picture was too big for the server.", "Try a smaller picture."),
    ErrorKind.SERVER_GONE: ("The server stopped answering while it worked.", "Try again in a few minutes."),
    ErrorKind.TIMEOUT: (
        "It took longer than this recipe may take.",
        "Try a smaller picture, or try again later.",
    ),
    ErrorKind.INTERRUPTED: ("The work was stopped on the server.", "Try again."),
    ErrorKind.UNKNOWN: (
        "Something went wrong while your picture was being worked on.",
        "Try again. If it happens again, tell the person who runs this site.",
    ),
}
_RETRYABLE: Final = frozenset({ErrorKind.SERVER_GONE, ErrorKind.INTERRUPTED, ErrorKind.OUT_OF_MEMORY})
_TOO_LARGE: Final = 413
_NOT_LET_IN: Final = frozenset({401, 403, 407})
_LINES_OF_TRACEBACK: Final = 6
_PATH: Final = re.compile(
    r"""(?<=['"])(?:/|[A-Za-z]:[\\/]|\\\\)[^'"\n]+(?=['"])"""  # in quotes, blanks and all
    r"""|(?<![\w./])(?:/[\w.@+-]+){2,}/?"""
    r"""|\b[A-Za-z]:[\\/][\w\\/. @+-]+|\\\\[\w\\. @$+-]+"""
)
_MODEL_FILE: Final = re.compile(r"\.(safetensors|sft|ckpt|pth?|bin|gguf|onnx)\b", re.IGNORECASE)
_NO_MEMORY: Final = ("outofmemory", "out of memory", "memoryerror", "not enough memory", "unable to allocate")
#: The device or the disk of that server is at fault: another server may well do it.
_BROKEN_SERVER: Final = (
    "cuda error",
    "cuda driver",
    "cudnn",
    "cublas",
    "hip error",
    "hipblas",
    "miopen",
    "nvml",
    "no cuda gpus",
    "device-side assert",
    "acceleratorerror",
    "gpu is lost",
    "no space left on device",
    "read-only file system",
)
_BAD_PICTURE: Final = ("unidentifiedimage", "cannot identify image", "image file is truncated")


class PromptFailed(CreatorError):
    """A prompt gave no result.

    Args:
        kind: why.
        detail: the raw error, for the operator; paths of the server are taken out.
        broken_server: the server's device or disk failed, not the prompt.

    Attributes:
        kind: why.
        detail: for the operator only.
        retryable: whether another attempt may mend it.
        blames_server: whether it speaks against the server: it is gone, or its device is broken.
    """

    code = "prompt_failed"
    status = 502

    def __init__(self, kind: ErrorKind, detail: str | None = None, *, broken_server: bool = False) -> None:
        message, hint = _WORDS[kind]
        super().__init__(message, hint=hint)
        self.kind = kind
        self.detail = without_paths(detail)[:4000] if detail else None
        self.retryable = broken_server or kind in _RETRYABLE
        self.blames_server = broken_server or kind is ErrorKind.SERVER_GONE

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.args, {**self.__dict__})


def _rebuilt(cls: type[PromptFailed], args: tuple[object, ...], state: dict[str, Any]) -> PromptFailed:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class ServerGone(PromptFailed):
    """The server can't be reached, or its answers make no sense.

    Attributes:
        http_status: what it answered with, where it answered something that can't be used.
    """

    def __init__(self, detail: str | None = None, *, http_status: int | None = None) -> None:
        super().__init__(ErrorKind.SERVER_GONE, detail)
        self.http_status = http_status


class PromptForgotten(ServerGone):
    """The server answers, but knows the prompt or its files no more.

    It was started anew, or somebody emptied its queue or its folders: that is no failure of its own.
    """

    def __init__(self, detail: str = "the server does not know the prompt any more") -> None:
        super().__init__(detail)
        self.blames_server = False


def without_paths(text: str) -> str:
    """The text with absolute paths (Unix, Windows, network) cut down to their last part."""
    return _PATH.sub(lambda found: "…/" + re.split(r"[\\/]", found.group().rstrip("\\/"))[-1], text)


def from_rejection(status: int, answer: dict[str, Any] | None, text: str) -> PromptFailed:
    """The error for a request that was refused (shapes: a server's 400 answers to ``POST /prompt``).

    Args:
        status: HTTP status.
        answer: its JSON, where it was JSON.
        text: its raw text.
    """
    if status in _NOT_LET_IN:
        return ServerGone(f"HTTP {status}: the server did not let Creator in: {text[:1000]}")
    if answer is None:
        too_big = status == _TOO_LARGE
        kind = ErrorKind.BAD_INPUT if too_big else ErrorKind.UNKNOWN
        return PromptFailed(kind, f"HTTP {status}: {text[:1000]}")
    error = answer.get("error")
    kind_name = error.get("type", "") if isinstance(error, dict) else ""
    problems = list(_node_problems(answer.get("node_errors")))
    detail = "; ".join([_words(error), *(str(problem) for problem in problems)])
    message = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    if kind_name in ("invalid_prompt", "missing_node_type") or "does not exist" in message:
        return PromptFailed(ErrorKind.MISSING_NODE, detail)
    if any(problem.is_a_missing_model for problem in problems):
        return PromptFailed(ErrorKind.MISSING_MODEL, detail)
    return PromptFailed(ErrorKind.BAD_INPUT, detail)


@dataclass(frozen=True)
class _NodeProblem:
    node_id: str
    class_type: str
    type: str
    details: str
    received: str

    def __str__(self) -> str:
        return f"node {self.node_id} ({self.class_type}): {self.type}: {self.details}"

    @property
    def is_a_missing_model(self) -> bool:
        named = "Loader" in self.class_type or _MODEL_FILE.search(self.received) is not None
        return self.type == "value_not_in_list" and named


def _node_problems(nodes: object) -> Iterator[_NodeProblem]:
    for node_id, node in nodes.items() if isinstance(nodes, dict) else ():
        problems = node.get("errors") if isinstance(node, dict) else None
        for problem in problems if isinstance(problems, list) else ():
            if isinstance(problem, dict):
                details = problem.get("details") or problem.get("message") or ""
                extra = problem.get("extra_info")
                received = extra.get("received_value", "") if isinstance(extra, dict) else ""
                class_type = str(node.get("class_type", ""))
                kind = str(problem.get("type", ""))
                # A list of choices can be as long as a disk is full of models.
                yield _NodeProblem(str(node_id), class_type, kind, str(details)[:500], str(received)[:200])


def _words(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    return ": ".join(str(error[key]) for key in ("type", "message", "details") if error.get(key))


def from_execution_error(data: dict[str, Any]) -> PromptFailed:
    """The error for an ``execution_error`` message.

    What the node was given is left out of the detail: it holds what people wrote.
    """
    kind_of_exception = str(data.get("exception_type", ""))
    message = str(data.get("exception_message", "")).strip()
    detail = f"node {data.get('node_id')} ({data.get('node_type')}): {kind_of_exception}: {message}"
    lowered = f"{kind_of_exception} {message}".lower()
    kind = _kind_of(lowered)
    broken = kind is ErrorKind.UNKNOWN and any(sign in lowered for sign in _BROKEN_SERVER)
    return PromptFailed(kind, detail + _traceback(data.get("traceback")), broken_server=broken)


def _kind_of(lowered: str) -> ErrorKind:
    if any(sign in lowered for sign in _NO_MEMORY):
        return ErrorKind.OUT_OF_MEMORY
    if any(sign in lowered for sign in _BAD_PICTURE):
        return ErrorKind.BAD_INPUT
    if "modulenotfound" in lowered or "no module named" in lowered:
        return ErrorKind.MISSING_NODE
    absent = "filenotfound" in lowered or "no such file" in lowered or "not found" in lowered
    if absent and _MODEL_FILE.search(lowered):
        return ErrorKind.MISSING_MODEL
    return ErrorKind.UNKNOWN


def _traceback(lines: object) -> str:
    if not isinstance(lines, list):
        return ""
    return "".join(f"\n{str(line).rstrip()}" for line in lines[-_LINES_OF_TRACEBACK:])
