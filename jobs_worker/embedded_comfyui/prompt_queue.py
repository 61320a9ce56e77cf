"""Prompts that wait, the one that runs, and those that are done. Thread-safe."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_HISTORY_LIMIT = 2000


class DuplicateError(Exception):
    """The same number and prompt id is already waiting."""


@dataclass
class Item:
    """One submitted prompt. `interrupt` is its own flag, so a cancel can never hit another prompt."""

    number: float
    prompt_id: str
    prompt: dict[str, Any]
    extra_data: dict[str, Any]
    outputs: list[str]
    interrupt: threading.Event = field(default_factory=threading.Event)

    @property
    def client_id(self) -> str | None:
        """The websocket that hears of this prompt."""
        return self.extra_data.get("client_id")

    def as_list(self) -> list[Any]:
        """The form that clients see in /queue and /history."""
        return [self.number, self.prompt_id, self.prompt, self.extra_data, self.outputs]


class PromptQueue:
    """`on_change` is called (from any thread) whenever the number of unfinished prompts may have changed."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._changed = threading.Condition()
        self._pending: list[Item] = []
        self._running: Item | None = None
        self._history: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def put(self, item: Item) -> None:
        """Queue a prompt; the lowest number runs first.

        Raises:
            DuplicateError: number and id equal those of a waiting prompt.
        """
        with self._changed:
            if any(
                (item.number, item.prompt_id) == (other.number, other.prompt_id) for other in self._pending
            ):
                raise DuplicateError(item.prompt_id)
            self._pending.append(item)
            self._pending.sort(key=lambda waiting: (waiting.number, waiting.prompt_id))
            self._changed.notify()
        self._on_change()

    def take(self) -> Item:
        """Wait for the next prompt and mark it as running."""
        with self._changed:
            while not self._pending:
                self._changed.wait()
            item = self._running = self._pending.pop(0)
        self._on_change()
        return item

    def finish(self, item: Item, entry: dict[str, Any]) -> None:
        """Move the running prompt to the history."""
        with self._changed:
            self._running = None
            self._history.pop(item.prompt_id, None)
            self._history[item.prompt_id] = {"prompt": item.as_list(), **entry}
            while len(self._history) > _HISTORY_LIMIT:
                self._history.popitem(last=False)
        self._on_change()

    def remaining(self) -> int:
        """How many prompts wait or run."""
        with self._changed:
            return len(self._pending) + (self._running is not None)

    def listing(self) -> dict[str, list[Any]]:
        """What GET /queue answers."""
        with self._changed:
            running = [self._running.as_list()] if self._running else []
            return {"queue_running": running, "queue_pending": [item.as_list() for item in self._pending]}

    def running_client(self) -> str | None:
        """The client id of the running prompt."""
        with self._changed:
            return self._running.client_id if self._running else None

    def delete(self, prompt_id: str) -> None:
        """Drop the first waiting prompt of that id."""
        with self._changed:
            found = next((item for item in self._pending if item.prompt_id == prompt_id), None)
            if found is None:
                return
            self._pending.remove(found)
        self._on_change()

    def clear(self) -> None:
        """Drop all waiting prompts."""
        with self._changed:
            self._pending.clear()
        self._on_change()

    def interrupt(self, prompt_id: str | None = None) -> None:
        """Flag the running prompt (if it has that id, where one is given)."""
        with self._changed:
            if self._running and prompt_id in (None, self._running.prompt_id):
                self._running.interrupt.set()

    def history(
        self, prompt_id: str | None = None, max_items: int | None = None, offset: int = -1
    ) -> dict[str, Any]:
        """Finished prompts, oldest first: one, the last `max_items`, or all."""
        with self._changed:
            if prompt_id is not None:
                return {prompt_id: self._history[prompt_id]} if prompt_id in self._history else {}
            entries = list(self._history.items())
        if max_items is not None:
            start = max(0, len(entries) - max_items) if offset < 0 else offset
            entries = entries[start : start + max_items]
        return dict(entries)

    def forget(self, prompt_id: str | None = None) -> None:
        """Remove one finished prompt from the history, or all."""
        with self._changed:
            if prompt_id is None:
                self._history.clear()
            else:
                self._history.pop(prompt_id, None)
