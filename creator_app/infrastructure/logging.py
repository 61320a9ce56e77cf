"""Structured logs: one event per line, with the ids of the request and the job, without secrets.

Values are cleaned before they are written: whatever is named like a secret, API keys, and passwords in URLs.
"""

import functools
import logging
import re
import sys
import time
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

P = ParamSpec("P")
R = TypeVar("R")

REDACTED: Final = "[redacted]"
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|token$|authorization|cookie|secret|credential|(^|_)keys?$|apikey", re.IGNORECASE
)
# Names that end in "key" and are none: they say where something is, and are needed to find it.
_HARMLESS_NAMES: Final = frozenset({"storage_key", "idempotency_key", "cache_key"})
# Libraries that tell of every single request, at INFO or DEBUG.
_TALKATIVE: Final = ("httpx", "httpcore", "urllib3", "PIL", "asyncio", "watchfiles")
_API_KEY = re.compile(r"crt_[A-Za-z0-9_-]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@", re.IGNORECASE)


def configure_logging(json: bool = False, level: str = "INFO") -> None:
    """Sets the log of this process up, for our events and for those of libraries.

    Args:
        json: one JSON object per line, as machines want it; otherwise lines for people.
        level: the lowest level that is written, such as ``INFO``.
    """
    shared = _shared_processors()
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        # Plain tracebacks: the pretty ones show the values of variables, secrets among them.
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    # Secrets once more at the end: only now has the traceback become text, and it may quote one.
    last: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact_secrets,
        renderer,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact_secrets,
    ]


def get_logger(name: str) -> Any:
    """The logger of a module; give ``__name__``."""
    return structlog.stdlib.get_logger(name)


def bind(**values: Any) -> None:
    """Adds values, such as ``request_id`` and ``job_id``, to every later line of this thread or task."""
    structlog.contextvars.bind_contextvars(**values)


def clear_bound() -> None:
    """Forgets what was bound: at the start of a request or a job."""
    structlog.contextvars.clear_contextvars()


def bound() -> dict[str, Any]:
    """What is bound now, to hand it on to another process."""
    return structlog.contextvars.get_contextvars()


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor that replaces secrets, in nested values and in texts too."""
    return {name: _clean(name, value) for name, value in event.items()}


def redact_text(text: str) -> str:
    """``text`` without API keys, credentials of an Authorization header, and passwords in URLs."""
    # Every text of every line comes by here: what can't hold a secret is not searched.
    if "crt_" in text:
        text = _API_KEY.sub(f"crt_{REDACTED}", text)
    if " " in text:
        text = _BEARER.sub(lambda found: f"{found[1]} {REDACTED}", text)
    if "://" in text:
        text = _URL_PASSWORD.sub(lambda found: f"{found['head']}:{REDACTED}@", text)
    return text


def _clean(name: str, value: Any) -> Any:
    if _is_secret_name(name) and value is not None:
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return redact_text(value.decode(errors="replace"))
    if isinstance(value, dict):
        return {key: _clean(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_clean("", item) for item in value]
    if isinstance(value, BaseException) and name != "exc_info":
        return redact_text(str(value))
    return value


@functools.lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    return name.lower() not in _HARMLESS_NAMES and _SECRET_NAME.search(name) is not None


def log_execution(function: Callable[P, R]) -> Callable[P, R]:
    """Logs how long a function took and whether it failed; never its arguments, they may be secret."""
    log = get_logger(function.__module__)

    @functools.wraps(function)
    def logged(*args: P.args, **kwargs: P.kwargs) -> R:
        began = time.perf_counter()
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            log.warning(
                "failed", function=function.__qualname__, took_ms=_since_ms(began), error=type(error).__name__
            )
            raise
        log.debug("done", function=function.__qualname__, took_ms=_since_ms(began))
        return result

    return logged


def _since_ms(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
