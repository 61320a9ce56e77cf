"""Looks after the pool of servers: do they answer, what do they have, does an orphan run there.

Servers are asked side by side, each with short timeouts: one that hangs holds up nobody else.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from creator_app.bootstrap import Creator
from creator_app.domain.ability import catalog_of
from creator_app.errors import CreatorError
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.comfyui import ComfyUIClient, ServerGone, Timeouts, get_comfyui_client, in_words
from creator_app.models import ComfyServer
from creator_app.services import servers
from creator_app.services.new_servers import digest
from creator_app.services.servers import Looked

log = get_logger(__name__)

#: A server in good health is asked this often, and its list of nodes and models read again this often.
_STATS_EVERY_S: Final = 2.0
_CATALOG_EVERY_S: Final = 60.0
_TIMEOUTS: Final = Timeouts(connect=2.0, answer=5.0)
_AT_ONCE: Final = 8


@dataclass
class _Memory:
    """When what was last asked of a server, by `time.monotonic`."""

    stats_at: float = float("-inf")
    catalog_at: float = float("-inf")


@dataclass
class ServerWatch:
    """Asks each server of the pool in turn and notes what it finds.

    Args:
        creator: this process's Creator.
    """

    creator: Creator
    _memory: dict[UUID, _Memory] = field(default_factory=dict)

    def look(self) -> None:
        """Asks those that are due; returns when all have answered or failed to."""
        encrypt = self.creator.encryptor.encrypt_dict
        with self.creator.uow.read() as work:
            missing = servers.unregistered(work, self.creator.settings.comfyui_servers)
        if missing:
            with self.creator.uow.write() as work:
                servers.register(work, self.creator.settings.comfyui_servers, encrypt)
        with self.creator.uow.read() as work:
            due = [server for server in servers.every(work) if self._is_due(server)]
        if len(due) == 1:
            self._look_at(due[0])
        elif due:
            self._look_at_all(due)

    def _look_at_all(self, due: Sequence[ComfyServer]) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="server-watch") as pool:
            list(pool.map(self._look_at, due))

    def _is_due(self, server: ComfyServer) -> bool:
        # One that is away is asked at every tick, so that it is used again the moment it is back.
        since = time.monotonic() - self._memory.setdefault(server.id, _Memory()).stats_at
        return server.state != "online" or since >= _STATS_EVERY_S

    def _look_at(self, server: ComfyServer) -> None:
        try:
            self._ask(server)
        except Exception as error:  # noqa: BLE001  one server's odd answer must not hide the others
            log.warning("server_not_looked_at", server=server.url, error=repr(error))

    def _ask(self, server: ComfyServer) -> None:
        kept = server.headers_encrypted
        headers = self.creator.encryptor.decrypt_dict(kept) if kept else None
        with get_comfyui_client(server.url, headers, _TIMEOUTS) as client:
            try:
                looked = self._answer(server, client)
            except CreatorError as error:
                self._missed(server, in_words(error) if isinstance(error, ServerGone) else str(error))
                return
            self._memory[server.id].stats_at = time.monotonic()
            if not servers.is_news(server, looked):
                return
            with self.creator.uow.write() as work:
                came_back = servers.saw(work, server.id, looked)
            if came_back:
                log.info("server_is_back", server=server.url)
                self._free_from_orphans(client)

    def _answer(self, server: ComfyServer, client: ComfyUIClient) -> Looked:
        stats = client.system_stats()
        memory = self._memory[server.id]
        away = server.state == "offline"
        if not away and time.monotonic() - memory.catalog_at < _CATALOG_EVERY_S:
            return Looked(stats)
        catalog = catalog_of(client.object_info())
        memory.catalog_at = time.monotonic()
        known = digest(catalog)
        if known == server.object_info_hash and not away:
            return Looked(stats)
        # One that is back is judged anew: what it refused before may be there now.
        return Looked(stats, catalog, known)

    def _missed(self, server: ComfyServer, reason: str) -> None:
        if server.state == "online" or server.last_error != reason[:500]:
            with self.creator.uow.write() as work:
                servers.missed(work, server.id, reason)
        if server.state == "online":
            log.warning("server_is_away", server=server.url)

    def _free_from_orphans(self, client: ComfyUIClient) -> None:
        """Ends prompts of ours there whose attempt was given up while the server was cut off."""
        ids = client.prompt_ids()
        with self.creator.uow.read() as work:
            orphans = servers.given_up(work, ids)
        for prompt_id in orphans:
            log.info("orphan_ended", prompt_id=prompt_id)
            client.cancel(prompt_id, patience_s=2.0)
