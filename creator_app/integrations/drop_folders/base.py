"""What Creator asks of a place where people drop files.

A place knows its files and folders by ids that stay when they are renamed or moved: a Google Drive by its
own, a folder on disk by the file's number there. It says nothing of recipes or jobs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol


class EntryKind(StrEnum):
    """What something in a folder is."""

    FILE = "file"
    FOLDER = "folder"
    #: Something without bytes of its own, such as a Google Doc.
    DOCUMENT = "document"
    #: A shortcut whose target is gone, or can't be seen by us.
    DANGLING = "dangling"


@dataclass(frozen=True)
class DropEntry:
    """A file or folder as it is now.

    Attributes:
        id: stays the same when it is renamed or moved.
        name: as people see it.
        kind: what it is.
        parent_id: the folder in which it was found.
        size: bytes; ``None`` for what has none, or is still arriving.
        version: changes whenever the content does, and with nothing else where the place can tell; empty
            while the file is still arriving.
        md5: of the content, hex, where the place knows it.
        content_type: as the place guesses it.
        content_id: where the bytes lie: another id than ``id`` for a shortcut.
        modified_at: the place's word; may be years old for a new file.
        ours: we wrote it: a result or a note.
        properties: what we attached to it, such as the job's id.
        url: opens it in a browser, where the place has pages.
    """

    id: str
    name: str
    kind: EntryKind = EntryKind.FILE
    parent_id: str = ""
    size: int | None = None
    version: str = ""
    md5: str | None = None
    content_type: str | None = None
    content_id: str = ""
    modified_at: datetime | None = None
    ours: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None


@dataclass(frozen=True)
class Upload:
    """A file on its way to a place.

    Attributes:
        id: from `DropPlace.reserve`, kept before the first byte goes out: a repeat finds what it left.
        folder_id: where it goes.
        name: what it is to be called.
        size: bytes.
        content_type: what it is.
        md5: of the content, hex, where known: compared with what arrived.
        description: a sentence for people, where the place shows such.
        properties: small facts kept with it: ``creator_job_id``, ``creator_output``.
    """

    id: str
    folder_id: str
    name: str
    size: int
    content_type: str
    md5: str | None = None
    description: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class News:
    """What a place says has changed: a hint, never the truth.

    Attributes:
        folder_ids: folders in which something changed, of those that were asked about.
        entries: what is known of files that changed, with the folder they are in now.
        token: where to go on.
    """

    folder_ids: frozenset[str]
    entries: tuple[tuple[DropEntry, datetime | None], ...]
    token: str


class DropPlace(Protocol):
    """A place for dropped files. Every method raises `PlaceError`; its kinds say what helps.

    Methods may be called from several threads at once.
    """

    def children(self, folder_id: str) -> Iterator[DropEntry]:
        """What lies directly in a folder and is not in the trash, page after page.

        Raises:
            EntryGone: there is no such folder any more.
        """

    def look(self, entry_id: str) -> DropEntry:
        """A file or folder as it is now, wherever it lies.

        Raises:
            EntryGone: it is deleted or in the trash.
        """

    def open(self, entry: DropEntry, start: int = 0) -> Iterator[bytes]:
        """The content from ``start`` on, in pieces; goes on by itself after a break of the connection.

        Raises:
            EntryGone: it is not there any more, or its content is another one now.
        """

    def make_folder(self, parent_id: str, name: str) -> DropEntry:
        """The folder of this name in another one; made if it is not there."""

    def reserve(self, folder_id: str, name: str) -> str:
        """An id for a file that is going to be written: to be kept before `put` is called."""

    def find(self, upload: Upload) -> DropEntry | None:
        """What an earlier `put` of the same upload left, if it arrived whole."""

    def put(self, upload: Upload, source: BinaryIO) -> DropEntry:
        """Writes a file whole or not at all. ``source`` can be wound back.

        Raises:
            NameTaken: reserve again.
            PlaceFull: there is no space.
        """

    def move(self, entry_id: str, folder_id: str) -> DropEntry:
        """Puts a file into another folder; fine if it is there already."""

    def news_token(self) -> str:
        """Where a reader of `news` begins who wants to hear of everything from now on."""

    def news(self, token: str) -> News:
        """What changed since.

        Raises:
            EntryGone: the token is too old or none: list everything and begin anew.
        """
