"""What can go wrong with a prompt, in kinds: words for the creator, facts for the operator."""

import re
from collections.abc import Iterator
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
_PATH: Final = re.compile(r"(?<![\w.:/])(?:/[\w.@+-]+){2,}/?|[A-Za-z]:\\[\w\\. @+-]+")


class PromptFailed(CreatorError):
    """A prompt gave no result.

    Args:
        kind: why.
        detail: the raw error, for the operator; paths of the server are taken out.

    Attributes:
        kind: why.
        detail: for the operator only.
        retryable: whether another attempt may mend it.
    """

    code = "prompt_failed"
    status = 502

    def __init__(self, kind: ErrorKind, detail: str | None = None) -> None:
        message, hint = _WORDS[kind]
        super().__init__(message, hint=hint)
        self.kind = kind
        self.detail = without_paths(detail)[:4000] if detail else None
        self.retryable = kind in _RETRYABLE
        self.blames_server = kind is ErrorKind.SERVER_GONE


class ServerGone(PromptFailed):
    """The server can't be reached, or its answers make no sense."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(ErrorKind.SERVER_GONE, detail)


class PromptForgotten(ServerGone):
    """The server answers, but knows the prompt or its files no more.

    It was started anew, or somebody emptied its queue or its folders.
    """

    def __init__(self, detail: str = "the server does not know the prompt any more") -> None:
        super().__init__(detail)


def without_paths(text: str) -> str:
    """The text with absolute paths cut down to their last part."""
    return _PATH.sub(lambda found: "…/" + re.split(r"[\\/]", found.group().rstrip("\\/"))[-1], text)


def from_rejection(status: int, answer: dict[str, Any] | None, text: str) -> PromptFailed:
    """The error for a POST /prompt that was refused (shapes: a server's 400 answers).

    Args:
        status: HTTP status.
        answer: its JSON, where it was JSON.
        text: its raw text.
    """
    if answer is None:
        too_big = status == _TOO_LARGE
        kind = ErrorKind.BAD_INPUT if too_big else ErrorKind.UNKNOWN
        return PromptFailed(kind, f"HTTP {status}: {text[:1000]}")
    error = answer.get("error")
    kind_name = error.get("type", "") if isinstance(error, dict) else ""
    types = list(_node_problems(answer.get("node_errors")))
    detail = f"{error}; {types}" if types else str(error)
    message = str(error.get("message", "")) if isinstance(error, dict) else str(error)
    if kind_name in ("invalid_prompt", "missing_node_type") or "does not exist" in message:
        return PromptFailed(ErrorKind.MISSING_NODE, detail)
    for problem_type, class_type, _ in types:
        if problem_type == "value_not_in_list" and "Loader" in class_type:
            return PromptFailed(ErrorKind.MISSING_MODEL, detail)
    return PromptFailed(ErrorKind.BAD_INPUT, detail)


def _node_problems(nodes: object) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Type, node class and all of each problem."""
    for node in nodes.values() if isinstance(nodes, dict) else ():
        problems = node.get("errors") if isinstance(node, dict) else None
        for problem in problems if isinstance(problems, list) else ():
            if isinstance(problem, dict):
                yield str(problem.get("type", "")), str(node.get("class_type", "")), problem


def from_execution_error(data: dict[str, Any]) -> PromptFailed:
    """The error for an ``execution_error`` message."""
    kind_of_exception = str(data.get("exception_type", ""))
    message = str(data.get("exception_message", "")).strip()
    detail = f"node {data.get('node_id')} ({data.get('node_type')}): {kind_of_exception}: {message}"
    lowered = f"{kind_of_exception} {message}".lower()
    if "outofmemory" in lowered or "out of memory" in lowered or "memoryerror" in lowered:
        return PromptFailed(ErrorKind.OUT_OF_MEMORY, detail)
    if "unidentifiedimage" in lowered or "cannot identify image" in lowered:
        return PromptFailed(ErrorKind.BAD_INPUT, detail)
    return PromptFailed(ErrorKind.UNKNOWN, detail)
