"""What is in everybody's drives: users, shared drives, files. Who may see what is in `access`.

Every change goes through `Store.changed`, which counts the file's version up and tells the change log.
"""

import itertools
import mimetypes
import random
import secrets
import string
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from .blobs import Blobs, Content
from .clock import Clock

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
DOCUMENT = "application/vnd.google-apps.document"
GOOGLE = "application/vnd.google-apps."
BINARY = "application/octet-stream"


@dataclass
class User:
    """A person with a Google account; ``limit`` is their storage in bytes, ``None`` for no limit."""

    email: str
    name: str
    sub: str
    root_id: str
    limit: int | None = 15 * 1024**3


@dataclass
class SharedDrive:
    """A shared drive; its id is that of its top folder ("Drive" in the discovery document)."""

    id: str
    name: str
    members: set[str]
    created: datetime


@dataclass
class Item:
    """A file, folder, shortcut or Google Doc. ``parent`` is ``None`` for the top folders alone.

    Attributes:
        owner: ``sub`` of the user; ``None`` in shared drives.
        own_properties: appProperties, by OAuth client.
        apps: OAuth clients that made the file, or for which the user picked it.
        arriving: its bytes are still coming in: no checksums yet.
        shared_with: ``sub`` of users → role (reader, writer).
        searchable: when the index of appProperties knows them, and what it says until then.
    """

    id: str
    name: str
    mime_type: str
    parent: str | None
    owner: str | None
    drive_id: str | None
    created: datetime
    modified: datetime
    content: Content | None = None
    description: str = ""
    starred: bool = False
    trashed_itself: bool = False
    arriving: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    own_properties: dict[str, dict[str, str]] = field(default_factory=dict)
    apps: set[str] = field(default_factory=set)
    shared_with: dict[str, str] = field(default_factory=dict)
    target_id: str | None = None
    version: int = 1
    revision: str = ""
    modifier: str | None = None
    searchable: tuple[datetime, dict[str, dict[str, str]]] | None = None
    number: int = 0

    @property
    def is_folder(self) -> bool:
        return self.mime_type == FOLDER

    @property
    def is_google(self) -> bool:
        return self.mime_type.startswith(GOOGLE)


#: Told of each change: the item, what happened, and the logs that it was in before.
Listener = Callable[[Item, str, frozenset[str]], None]


class Store:
    """All drives, behind one lock."""

    def __init__(self, clock: Clock, blobs: Blobs, seed: int = 0) -> None:
        self.clock, self.blobs, self.lock = clock, blobs, threading.RLock()
        self.users: dict[str, User] = {}
        self._by_sub: dict[str, User] = {}
        self.drives: dict[str, SharedDrive] = {}
        self.items: dict[str, Item] = {}
        #: id → who may use it, for ``files`` or for ``shortcuts``
        self.reserved: dict[str, tuple[str, str]] = {}
        self.listeners: list[Listener] = []
        self._children: dict[str, dict[str, None]] = {}
        self._owned: dict[str | None, dict[str, None]] = {}
        self.is_anything_shared = False
        self._numbers = itertools.count(1)
        self._dice = random.Random(seed or secrets.randbits(64))

    # ids

    def new_id(self) -> str:
        letters = string.ascii_letters + string.digits + "-_"
        return "1" + "".join(self._dice.choices(letters, k=32))

    def reserve_ids(self, user: User, count: int, kind: str) -> list[str]:
        """files.generateIds: ids that this user may use in files.create and files.copy."""
        ids = [self.new_id() for _ in range(count)]
        self.reserved |= dict.fromkeys(ids, (user.sub, kind))
        return ids

    # people and drives

    def add_user(self, email: str, name: str = "") -> User:
        root_id = "0A" + self.new_id()[:15] + "UkPVA"
        sub = "1" + "".join(self._dice.choices(string.digits, k=20))
        user = User(email, name or email.split("@", maxsplit=1)[0].title(), sub, root_id)
        self.users[email] = self._by_sub[sub] = user
        self._top_folder(root_id, "My Drive", user.sub, None)
        return user

    def add_drive(self, name: str, members: set[str]) -> SharedDrive:
        drive = SharedDrive("0A" + self.new_id()[:15] + "Uk9PVA", name, members, self.clock.now())
        self.drives[drive.id] = drive
        self._top_folder(drive.id, name, None, drive.id)
        return drive

    def _top_folder(self, item_id: str, name: str, owner: str | None, drive_id: str | None) -> None:
        now = self.clock.now()
        self.items[item_id] = Item(item_id, name, FOLDER, None, owner, drive_id, now, now)

    def user_by_sub(self, sub: str) -> User:
        return self._by_sub[sub]

    def used_bytes(self, user: User) -> int:
        """What counts against the user's storage: their files, in the trash too."""
        mine = (item for item in self.items.values() if item.owner == user.sub and item.content)
        return sum(item.content.size for item in mine if item.content)

    # files

    def children(self, parent: str) -> list[Item]:
        return [self.items[one] for one in self._children.get(parent, {})]

    def within_reach(self, user: User) -> list[Item]:
        """At least what the user can see: their own, what is in shared drives, what others share."""
        owners = list(self._owned) if self.is_anything_shared else [user.sub, None]
        return [self.items[one] for owner in owners for one in self._owned.get(owner, {})]

    def ancestors(self, item: Item) -> Iterator[Item]:
        """The folder that it is in, the one around that, up to the top."""
        while item.parent is not None:
            item = self.items[item.parent]
            yield item

    def descendants(self, item: Item) -> Iterator[Item]:
        for child in self.children(item.id):
            yield child
            yield from self.descendants(child)

    def trashed(self, item: Item) -> bool:
        """Itself or by a folder around it (File.trashed in the discovery document)."""
        return item.trashed_itself or any(one.trashed_itself for one in self.ancestors(item))

    def add(
        self,
        name: str,
        mime_type: str,
        parent: Item,
        by: User,
        *,
        content: Content | None = None,
        item_id: str | None = None,
        created: datetime | None = None,
        modified: datetime | None = None,
        **more: object,
    ) -> Item:
        """A new item in a folder; in My Drive it belongs to whoever makes it."""
        now = self.clock.now()
        item = Item(
            id=item_id or self.new_id(),
            name=name,
            mime_type=mime_type,
            parent=parent.id,
            owner=None if parent.drive_id else by.sub,
            drive_id=parent.drive_id,
            created=created or now,
            modified=modified or now,
            content=content,
            modifier=by.sub,
            number=next(self._numbers),
            **more,  # type: ignore[arg-type]
        )
        item.revision = self._new_revision() if content else ""
        item.searchable = (now, {})
        self.reserved.pop(item.id, None)
        self.items[item.id] = item
        self._children.setdefault(parent.id, {})[item.id] = None
        self._owned.setdefault(item.owner, {})[item.id] = None
        self.changed(item, "add")
        return item

    def set_content(self, item: Item, content: Content, *, modified: datetime | None = None) -> None:
        item.content, item.revision = content, self._new_revision()
        item.modified = modified or self.clock.now()

    def _new_revision(self) -> str:
        return "0B" + self.new_id()

    def move(self, item: Item, folder: Item) -> None:
        """Into another folder; out of or into a shared drive it changes hands, with all that is in it."""
        if item.parent is not None:
            self._children[item.parent].pop(item.id, None)
        item.parent = folder.id
        self._children.setdefault(folder.id, {})[item.id] = None
        if item.drive_id != folder.drive_id:
            for one in (item, *self.descendants(item)):
                self._owned[one.owner].pop(one.id)
                one.drive_id, one.owner = folder.drive_id, folder.owner
                self._owned.setdefault(one.owner, {})[one.id] = None

    def remove(self, item: Item) -> None:
        """For good, with all that is in it ("Trash or delete files and folders")."""
        for child in self.children(item.id):
            self.remove(child)
        logs = self.logs(item)
        if item.parent is not None:
            self._children[item.parent].pop(item.id, None)
        self._children.pop(item.id, None)
        self._owned[item.owner].pop(item.id)
        del self.items[item.id]
        self._tell(item, "remove", logs)

    def changed(self, item: Item, what: str, before: frozenset[str] = frozenset()) -> None:
        """Something about it is another now. ``before``: the logs that it was in until then."""
        item.version += 1
        self._tell(item, what, before)

    def _tell(self, item: Item, what: str, before: frozenset[str]) -> None:
        for listener in self.listeners:
            listener(item, what, before)

    def audience(self, item: Item) -> frozenset[str]:
        """``sub`` of everybody who can see it."""
        people = {sub for one in (item, *self.ancestors(item)) for sub in one.shared_with}
        if item.drive_id:
            people |= self.drives[item.drive_id].members
        elif item.owner:
            people.add(item.owner)
        return frozenset(people)

    def logs(self, item: Item) -> frozenset[str]:
        """The change logs that it belongs to: a shared drive's, or those of all people who can see it.

        "Identify which change log to track": who isn't a member of the shared drive, but was given the file,
        finds it in their own log.
        """
        people = self.audience(item)
        if item.drive_id is None:
            return people
        return frozenset({item.drive_id}) | (people - self.drives[item.drive_id].members)

    def own_properties(self, item: Item, client_id: str, *, lag_s: float = 0) -> dict[str, str]:
        """appProperties; with a lag, as the index for searches knows them."""
        if lag_s and item.searchable:
            since, until_then = item.searchable
            if (self.clock.now() - since).total_seconds() < lag_s:
                return until_then.get(client_id, {})
        return item.own_properties.get(client_id, {})


def guess_type(name: str) -> str:
    """ "Google Drive attempts to automatically detect an appropriate value" (File.mimeType)."""
    return mimetypes.guess_type(name)[0] or BINARY
