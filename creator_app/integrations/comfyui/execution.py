"""Following a prompt to its end.

The websocket only makes it quick. What counts is ``/history``: silence is never trusted, and "neither
running nor pending" is not "done".
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
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
from creator_app.integrations.comfyui.protocol import Finished, History, Message, Pending, Preview, Unknown

SILENCE_S: Final = 2.0
_LOOK_S: Final = 0.25
#: How long silence may last before the server is asked while only the last node is left.
_SILENCE_NEAR_THE_END_S: Final = 0.5
_HISTORY_TRIES: Final = 50
#: How long a server may be unreachable before its prompt is given up here.
GONE_AFTER_S: Final = 6.0
#: Looks in a row at which the server must not know the prompt before it counts as lost.
_UNKNOWN_LOOKS: Final = 2
_CANCEL_PATIENCE_S: Final = 5.0
#: How often silence is told to whoever listens, and how long it must last for that.
QUIET_S: Final = 2.5
_LAST_WORDS: Final = frozenset({"execution_success", "execution_error", "execution_interrupted"})


class Stopped(Exception):
    """The caller asked to stop following; the prompt itself was left alone."""


@dataclass(frozen=True)
class Watch:
    """How a prompt is followed.

    Attributes:
        should_stop: asked at least four times a second; ``True`` ends it with `Stopped`.
        deadline: `time.monotonic()` at which the whole run has taken too long; ``None`` for never.
        idle_s: seconds without a word of the running prompt after which it has taken too long; ``None`` for
            never. Waiting behind others in the server's queue does not count.
        silence_s: seconds of silence after which the server is asked.
        weights: how long a node of each class usually takes, in seconds; see `ProgressMeter`.
    """

    should_stop: Callable[[], bool] = lambda: False
    deadline: float | None = None
    idle_s: float | None = None
    silence_s: float = SILENCE_S
    weights: Mapping[str, float] = field(default_factory=dict)


class Follower:
    """Follows one prompt on an open connection.

    Args:
        client: of the server.
        connection: open before the prompt is sent, for messages may come before the answer.
        prompt: the API prompt.
        prompt_id: ours.
        watch: how.
        from_the_start: whether the prompt is sent after the connection was opened: nothing was missed.
    """

    def __init__(
        self,
        client: ComfyUIClient,
        connection: Connection,
        prompt: Mapping[str, Any],
        prompt_id: str,
        watch: Watch | None = None,
        *,
        from_the_start: bool = False,
    ) -> None:
        self._client = client
        self._connection = connection
        self._prompt_id = prompt_id
        self._watch = watch or Watch()
        self._meter = ProgressMeter(prompt, self._watch.weights)
        if not from_the_start:
            self._meter.interrupted()
        self._listening = True
        self._started = False
        self._ending = False
        self._asked_at = 0.0
        self._heard_at = 0.0
        self._quiet_told_at = 0.0
        self._gone_since: float | None = None
        self._unknown = 0
        self.history: History | None = None

    def events(self) -> Iterator[ProgressEvent]:
        """Progress until the prompt has ended; then `history` is set.

        Raises:
            Stopped: the caller asked for it.
            PromptFailed: too late (`timeout`), or lost by the server (`server_gone`).
        """
        self._asked_at = self._heard_at = self._quiet_told_at = time.monotonic()
        while self.history is None:
            self._check()
            event = self._connection.next(_LOOK_S)
            if isinstance(event, Closed | Opened):
                self._line_changed(event)
            elif event is not None:
                yield from self._take(event)
            if self.history is None and time.monotonic() - self._asked_at >= self._patience():
                self._poll()
                self._asked_at = time.monotonic()
            if self.history is None:
                yield from self._tell_quiet()

    def _line_changed(self, event: Closed | Opened) -> None:
        self._listening = isinstance(event, Opened)
        self._asked_at = 0.0  # what was said meanwhile is lost: ask
        self._meter.interrupted()

    def _patience(self) -> float:
        if not self._listening or self._unknown or self._ending:
            return _LOOK_S
        if self._started and self._meter.nearly_done:
            return min(self._watch.silence_s, _SILENCE_NEAR_THE_END_S)
        return self._watch.silence_s

    def _check(self) -> None:
        if self._watch.should_stop():
            raise Stopped
        now, idle_s = time.monotonic(), self._watch.idle_s
        if self._watch.deadline is not None and now > self._watch.deadline:
            raise PromptFailed(ErrorKind.TIMEOUT, "the run took longer than the recipe allows")
        if idle_s is not None and now - self._heard_at > idle_s:
            raise PromptFailed(ErrorKind.TIMEOUT, f"the server said nothing of the prompt for {idle_s:g} s")

    def _tell_quiet(self) -> Iterator[ProgressEvent]:
        now = time.monotonic()
        if now - max(self._heard_at, self._quiet_told_at) >= QUIET_S:
            self._quiet_told_at = now
            yield self._meter.event(quiet_s=now - self._heard_at)

    def _take(self, event: Message | Preview) -> Iterator[ProgressEvent]:
        if isinstance(event, Preview):
            # Without an id it is of whatever runs, and that may be somebody else's.
            if event.prompt_id == self._prompt_id or (event.prompt_id is None and self._started):
                self._heard_at = time.monotonic()
                yield self._meter.event(preview=event.picture)
            return
        if event.prompt_id != self._prompt_id:
            return
        self._started = True
        # Only news of this prompt count: a busy server says a lot about others.
        self._asked_at = self._heard_at = time.monotonic()
        self._ending = self._ending or event.type in _LAST_WORDS
        change = self._meter.take(event, self._connection.heard_at)
        if event.type == "executing" and event.data.get("node") is None:
            self.history = self._ended()
        elif change is not None:
            yield change

    def _ended(self) -> History | None:
        for _ in range(_HISTORY_TRIES):
            try:
                found = self._client.history(self._prompt_id)
            except ServerGone:
                return None  # asked again with more patience
            if found is not None:
                return self._with_times(found.history)
            time.sleep(0.01)  # it comes within a collection of garbage
        return None

    def _with_times(self, history: History) -> History:
        return replace(history, seconds_by_class=self._meter.seconds_by_class)

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
            self.history = self._with_times(found.history)
        if isinstance(found, Pending):
            self._heard_at = time.monotonic()  # its turn has not come: nobody expects a word
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

    It only listens: whether the prompt succeeded is to be asked afterwards, by `ComfyUIClient.history`::

        with get_comfyui_client("http://gpu-1:8188") as client:
            for event in stream_progress(client, prompt, prompt_id):
                print(f"{event.percent:.0f} % {event.class_type}")

    Args:
        client: of the server.
        prompt: in API format; its classes give the steps their names and weights.
        prompt_id: under which it was sent.
        options: the attributes of `Watch`.

    Yields:
        A `ProgressEvent` per change; every `QUIET_S` seconds of silence one with ``quiet_s``.

    Raises:
        Stopped: ``should_stop`` said so.
        PromptFailed: too late (`timeout`), lost by the server or the server is gone (`server_gone`).
    """
    with _connection(client, prompt_id) as connection:
        yield from Follower(client, connection, prompt, prompt_id, Watch(**options)).events()


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
    """Sends a prompt (or attaches to one that was sent) and follows it to its end::

        with get_comfyui_client("http://gpu-1:8188") as client:
            history = execute_workflow(client, prompt, prompt_id=str(uuid4()), on_progress=print)
            for file in history.files:
                save(file.filename, client.download(file))

    Blocks until then; the callback runs in the caller's thread, between two messages.

    Args:
        client: of the server.
        prompt: in API format.
        prompt_id: ours, never used before; letters, digits and dashes.
        on_progress: called for each change, and in silence every `QUIET_S` seconds.
        send: ``False`` attaches only.
        before_send: called when the socket is open, right before the prompt is sent.
        after_send: called once the server has it.
        options: the attributes of `Watch`, such as ``deadline`` and ``weights``.

    Returns:
        The history of a prompt that succeeded, with what its nodes took as far as it was heard.

    Raises:
        Stopped: ``should_stop`` said so; the prompt goes on.
        PromptFailed: it gave no result; `kind` says why. One that took too long is canceled here.
    """
    with _connection(client, prompt_id) as connection:
        follower = Follower(client, connection, prompt, prompt_id, Watch(**options), from_the_start=send)
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


def _connection(client: ComfyUIClient, prompt_id: str) -> Connection:
    return Connection(client.base_url, prompt_id, client.headers, client.timeouts.connect)


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
