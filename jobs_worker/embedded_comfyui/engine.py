"""The engine's parts wired together, and its worker thread: one prompt at a time."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from .executor import Executor
from .folders import Folders
from .prompt_queue import Item, PromptQueue
from .result_cache import ResultCache
from .websockets import Hub

_CACHE_BYTES = 256 * 1024 * 1024


class Engine:
    """Build it inside of the event loop, then call start()."""

    def __init__(self, root: Path, metadata: bool = True, cache_bytes: int = _CACHE_BYTES) -> None:
        """Set up the parts.

        Args:
            root: directory of input/, output/ and temp/.
            metadata: write prompt and workflow into saved pictures.
            cache_bytes: memory for kept results.
        """
        self.folders = Folders(root)
        self.queue = PromptQueue(self._tell_status)
        self.hub = Hub(self.queue.remaining, self._running_node)
        self._executor = Executor(self.folders, self.hub, ResultCache(cache_bytes), metadata)
        self._counter = 0

    def start(self) -> None:
        """Start the worker thread. It is a daemon: the process may end while a node computes."""
        threading.Thread(target=self._work, name="engine-worker", daemon=True).start()

    def next_number(self) -> int:
        """The server's counter; rejected prompts count as well."""
        number, self._counter = self._counter, self._counter + 1
        return number

    async def stop(self) -> None:
        """Let the running prompt end at its next step and close the websockets."""
        self.queue.interrupt()
        await asyncio.wait_for(asyncio.shield(self.hub.close()), timeout=0.5)

    def _tell_status(self) -> None:
        self.hub.send_status()

    def _running_node(self, client_id: str) -> str | None:
        return self._executor.current_node if self.queue.running_client() == client_id else None

    def _work(self) -> None:
        while True:
            item = self.queue.take()
            self.queue.finish(item, self._execute(item))
            if item.client_id is not None:
                self.hub.send("executing", {"node": None, "prompt_id": item.prompt_id}, item.client_id)

    def _execute(self, item: Item) -> dict[str, Any]:
        try:
            return self._executor.execute(item)
        except Exception as error:  # noqa: BLE001 - the worker must outlive any prompt
            messages = [("execution_error", {"prompt_id": item.prompt_id, "exception_message": f"{error}\n"})]
            return {
                "outputs": {},
                "status": {"status_str": "error", "completed": False, "messages": messages},
                "meta": {},
            }
