"""Following a prompt to its end.

The websocket only makes it quick. What counts is ``/history``: silence is never trusted, and "neither
running nor pending" is not "done".
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from creator_app.integrations.comfyui.client import ComfyUIClient
from creator_app.integrations.comfyui.connection import Closed, Connection, Opened
from creator_app.integrations.comfyui.errors import (
    ErrorKind,
    PromptFailed,
    PromptForgotten,
    ServerGone,
    from_execution_error,
)
from creator_app.integrations.comfyui.progress import ProgressEvent, ProgressMeter
from creator_app.integrations.comfyui.protocol import Finished, History, Message, Preview, Unknown

SILENCE_S: Final = 2.0
_LOOK_S: Final = 0.25
_HISTORY_TRIES: Final = 50
#: How long a server may be unreachable before its prompt is given up here.
GONE_AFTER_S: Final = 6.0
#: Looks in a row at which the server must not know the prompt before it counts as lost.
_UNKNOWN_LOOKS: Final = 2
_CANCEL_PATIENCE_S: Final = 5.0


class Stopped(Exception):
    """The caller asked to stop following; the prompt itself was left alone."""


class Follower:
    """Follows one prompt on an open connection.

    Args:
        client: of the server.
        connection: open before the prompt is sent, for messages may come before the answer.
        prompt: the API prompt.
        prompt_id: ours.
        should_stop: asked at least four times a second.
        deadline: `time.monotonic()` at which the run has taken too long; ``None`` for never.
    """

    def __init__(
        self,
        client: ComfyUIClient,
        connection: Connection,
        prompt: Mapping[str, Any],
        prompt_id: str,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        deadline: float | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self._client = client
        self._connection = connection
        self._prompt_id = prompt_id
        self._should_stop = should_stop
        self._deadline = deadline
        self._silence_s = silence_s
        self._meter = ProgressMeter(prompt)
        self._listening = True
        self._started = False
        self._news_at = 0.0
        self._gone_since: float | None = None
        self._unknown = 0
        self.history: History | None = None

    def events(self) -> Iterator[ProgressEvent]:
        """Progress until the prompt has ended; then `history` is set.

        Raises:
            Stopped: the caller asked for it.
            PromptFailed: too late (`timeout`), or lost by the server (`server_gone`).
        """
        self._news_at = time.monotonic()
        while self.history is None:
            self._check()
            event = self._connection.next(_LOOK_S)
            if isinstance(event, Closed | Opened):
                self._listening = isinstance(event, Opened)
                self._news_at = 0.0  # what was said meanwhile is lost: ask
            elif event is not None:
                yield from self._take(event)
            if self.history is None and time.monotonic() - self._news_at >= self._patience():
                self._poll()
                self._news_at = time.monotonic()

    def _patience(self) -> float:
        return self._silence_s if self._listening and not self._unknown else _LOOK_S

    def _check(self) -> None:
        if self._should_stop():
            raise Stopped
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise PromptFailed(ErrorKind.TIMEOUT, "the run took longer than the recipe allows")

    def _take(self, event: Message | Preview) -> Iterator[ProgressEvent]:
        if isinstance(event, Preview):
            # Without an id it is of whatever runs, and that may be somebody else's.
            if event.prompt_id == self._prompt_id or (event.prompt_id is None and self._started):
                yield self._meter.event(preview=event.picture)
            return
        if event.prompt_id != self._prompt_id:
            return
        self._started = True
        # Only news of this prompt count: a busy server says a lot about others.
        self._news_at = time.monotonic()
        if event.type == "executing" and event.data.get("node") is None:
            self.history = self._ended()
            return
        change = self._meter.take(event)
        if change is not None:
            yield change

    def _ended(self) -> History | None:
        for _ in range(_HISTORY_TRIES):
            try:
                found = self._client.history(self._prompt_id)
            except ServerGone:
                return None  # asked again with more patience
            if found is not None:
                return found.history
            time.sleep(0.01)  # it comes within a collection of garbage
        return None

    def _poll(self) -> None:
        try:
            found = self._client.find(self._prompt_id)
        except ServerGone:
            now = time.monotonic()
            self._gone_since = self._gone_since or now
            if now - self._gone_since >= GONE_AFTER_S:
                raise
            return
        self._gone_since = None
        if isinstance(found, Finished):
            self.history = found.history
        self._unknown = self._unknown + 1 if isinstance(found, Unknown) else 0
        if self._unknown >= _UNKNOWN_LOOKS:
            raise PromptForgotten


def stream_progress(
    client: ComfyUIClient,
    prompt: Mapping[str, Any],
    prompt_id: str,
    **options: Any,
) -> Iterator[ProgressEvent]:
    """Progress of a prompt that `execute_workflow` sent, maybe in another process, until it has ended.

    Args:
        client: of the server.
        prompt: in API format.
        prompt_id: under which it was sent.
        options: see `Follower`.
    """
    with Connection(client.base_url, prompt_id, client.headers) as connection:
        yield from Follower(client, connection, prompt, prompt_id, **options).events()


def execute_workflow(
    client: ComfyUIClient,
    prompt: Mapping[str, Any],
    *,
    prompt_id: str,
    on_progress: Callable[[ProgressEvent], None] = lambda event: None,
    send: bool = True,
    before_send: Callable[[], None] = lambda: None,
    after_send: Callable[[], None] = lambda: None,
    **options: Any,
) -> History:
    """Sends a prompt (or attaches to one that was sent) and follows it to its end.

    Args:
        client: of the server.
        prompt: in API format.
        prompt_id: ours; letters, digits and dashes.
        on_progress: called for each change.
        send: ``False`` attaches only.
        before_send: called when the socket is open, right before the prompt is sent.
        after_send: called once the server has it.
        options: `should_stop`, `deadline`, `silence_s`; see `Follower`.

    Returns:
        The history of a prompt that succeeded.

    Raises:
        Stopped: the caller asked to stop.
        PromptFailed: it gave no result; `kind` says why. One that took too long is canceled here.
    """
    with Connection(client.base_url, prompt_id, client.headers) as connection:
        follower = Follower(client, connection, prompt, prompt_id, **options)
        if send:
            before_send()
            client.submit(prompt, prompt_id=prompt_id, client_id=connection.client_id)
            after_send()
        try:
            for event in follower.events():
                on_progress(event)
        except PromptFailed as error:
            if error.kind is ErrorKind.TIMEOUT:
                _free_the_server(client, prompt_id)
            raise
    history = follower.history
    if history is None:
        raise ServerGone("the prompt ended without a history")
    return checked(history)


def _free_the_server(client: ComfyUIClient, prompt_id: str) -> None:
    # It runs one prompt at a time: one that nobody waits for would hold up all that come after it.
    with suppress(ServerGone):
        client.cancel(prompt_id, patience_s=_CANCEL_PATIENCE_S)


def checked(history: History) -> History:
    """The history, if the prompt succeeded.

    Raises:
        PromptFailed: it did not.
    """
    if history.succeeded:
        return history
    error = history.last("execution_error")
    if error is not None:
        raise from_execution_error(error)
    if history.last("execution_interrupted") is not None:
        raise PromptFailed(ErrorKind.INTERRUPTED, "interrupted on the server")
    raise PromptFailed(ErrorKind.UNKNOWN, f"status {history.status!r}")
