"""The one place where settings, clients and services are put together, for the web, the workers and the CLI.

Everything is made on first use and belongs to one process: after a fork call `after_fork`.
"""

import threading
from functools import cached_property, lru_cache
from pathlib import Path
from uuid import UUID

import redis

from creator_app.config import Settings, get_settings
from creator_app.infrastructure import crash_points
from creator_app.infrastructure.cache import Cache, use_cache
from creator_app.infrastructure.database import Database
from creator_app.infrastructure.encryption import Encryptor, get_encryptor
from creator_app.infrastructure.queue import TicketQueue
from creator_app.infrastructure.rate_limit import RateLimiter
from creator_app.infrastructure.redis import Breaker, helping_client
from creator_app.integrations.drop_folders import DirectoryPlace, DropPlace
from creator_app.integrations.storage import Storage, open_storage
from creator_app.live.publisher import Publisher
from creator_app.live.snapshot import Snapshots
from creator_app.models import DropSource
from creator_app.services.drive_grants import DriveGrants
from creator_app.services.drives import Drives
from creator_app.services.intake import Intake, Limits
from creator_app.services.unit_of_work import (
    ErrandWanted,
    FoldersChanged,
    JobChanged,
    Message,
    TicketWanted,
    UnitOfWork,
)


class Announcements:
    """Brings messages out after a commit: tickets into RQ, changes to the pages."""

    def __init__(self, tickets: TicketQueue, publisher: Publisher) -> None:
        self._tickets = tickets
        self._publisher = publisher

    def announce(self, message: Message) -> None:
        """Brings one message out; see `creator_app.services.unit_of_work.Announcer`."""
        match message:
            case TicketWanted(count):
                self._tickets.issue(count)
                crash_points.crash_point("ticket.after_issue")
            case JobChanged(account_id, job_id, status):
                self._publisher.changed(account_id, job_id, status)
                crash_points.crash_point("publish.after")
            case ErrandWanted():
                self._publisher.errand()
            case FoldersChanged(account_id):
                self._publisher.folders_changed(account_id)


class Creator:
    """What a process of Creator works with. Parts are made when they are first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def database(self) -> Database:
        """The database: the truth."""
        return Database(self.settings.database_url)

    @cached_property
    def redis(self) -> redis.Redis:
        """The Valkey database of live progress."""
        return helping_client(self.settings.redis_url_for(1), self._breaker)

    @cached_property
    def tickets(self) -> TicketQueue:
        """Where tickets for the workers are issued."""
        return TicketQueue(helping_client(self.settings.redis_url_for(0), self._breaker))

    @cached_property
    def _breaker(self) -> Breaker:
        return Breaker()

    @cached_property
    def publisher(self) -> Publisher:
        """Writes live progress."""
        return Publisher(self.redis)

    @cached_property
    def snapshots(self) -> Snapshots:
        """Reads live progress."""
        return Snapshots(self.redis)

    @cached_property
    def cache(self) -> Cache:
        """Short-lived values that may vanish at any moment."""
        return Cache(self.redis)

    @cached_property
    def uow(self) -> UnitOfWork:
        """Opens transactions."""
        return UnitOfWork(self.database, Announcements(self.tickets, self.publisher))

    @cached_property
    def storage(self) -> Storage:
        """Where inputs and outputs lie."""
        return open_storage(self.settings.storage_url, self.settings.secret_key_value)

    def storage_at(self, url: str) -> Storage:
        """Another storage than that of the settings.

        Raises:
            StorageError: the address names none.
        """
        return open_storage(url, self.settings.secret_key_value)

    @cached_property
    def intake(self) -> Intake:
        """The way in for jobs."""
        limits = Limits(self.settings.max_upload_bytes, self.settings.max_pixels)
        return Intake(self.uow, self.storage, limits)

    @property
    def address(self) -> str:
        """Where people reach this Creator, for links in files and mails."""
        return self.settings.public_url or f"http://localhost:{self.settings.port}"

    @property
    def own_addresses(self) -> list[str]:
        """Where this Creator itself is reached, as far as it knows."""
        here = f"http://localhost:{self.settings.port}"
        return [here, self.settings.public_url] if self.settings.public_url else [here]

    def drop_place(self, source: DropSource) -> DropPlace:
        """Where a source's files lie; made once per process, and kept in line with the source's row.

        Raises:
            PlaceError: it can't be reached with this Creator's settings.
        """
        with self._places_lock:
            if source.id not in self._places:
                self._places[source.id] = self._open_place(source)
            place = self._places[source.id]
        if isinstance(place, DirectoryPlace):  # its disk may have been noted, or moved, since
            place.expect_mounted_at(source.root_id)
        return place

    def _open_place(self, source: DropSource) -> DropPlace:
        if source.kind == "folder":
            return DirectoryPlace(Path(source.address), source.root_id)
        return self.drives.place(source)

    def keep_channel(self, source: DropSource) -> None:
        """Sees to it that a Drive tells us of changes, where it can."""
        if source.kind == "drive":
            self.drives.channels.keep(source)

    @cached_property
    def drives(self) -> Drives:
        """People's Google Drives."""
        return Drives(self.settings, self.uow, self.encryptor, RateLimiter(self.redis))

    @property
    def drive_grants(self) -> DriveGrants:
        """Who lets us into their Drive."""
        return self.drives.grants

    @cached_property
    def _places(self) -> dict[UUID, DropPlace]:
        return {}

    @cached_property
    def _places_lock(self) -> threading.Lock:
        return threading.Lock()

    @cached_property
    def encryptor(self) -> Encryptor:
        """Encrypts what must not be read from a stolen database."""
        return get_encryptor(self.settings.encryption_key_values)


@lru_cache(maxsize=1)
def get_creator() -> Creator:
    """This process's Creator.

    Raises:
        SettingsError: a setting is wrong; the message names it.
    """
    settings = get_settings()
    if settings.crash_points_dir:
        crash_points.enable(settings.crash_points_dir)
    creator = Creator(settings)
    use_cache(creator.cache)
    return creator


def after_fork() -> None:
    """Lets go of what was inherited from the parent process, without closing the parent's connections.

    The database's engine stays, without its connections: it knows the statements that the parent compiled.
    """
    if not get_creator.cache_info().currsize:
        return
    inherited = get_creator()
    if "database" in vars(inherited):
        inherited.database.dispose_after_fork()
    for name in set(vars(inherited)) - {"settings", "database"}:
        delattr(inherited, name)
    use_cache(inherited.cache)
