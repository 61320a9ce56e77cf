"""One call of a method, ready to be answered: parameters read, who asks known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .access import Viewer
from .blobs import Content
from .discovery import Method
from .resource import file_resource
from .store import Item, Store

if TYPE_CHECKING:
    from .server import DriveServer


@dataclass
class Call:
    """What a method's function is given.

    Attributes:
        path: values in the path, such as ``fileId``.
        params: query parameters, defaults filled in.
        body: JSON body, checked; empty where there is none.
        content: what was uploaded, with its type.
        range: the ``Range`` header.
    """

    server: "DriveServer"
    method: Method
    path: Mapping[str, str]
    params: Mapping[str, Any]
    viewer: Viewer
    body: dict[str, Any] = field(default_factory=dict)
    content: Content | None = None
    content_type: str | None = None
    range: str | None = None

    @property
    def store(self) -> Store:
        return self.server.store

    @property
    def all_drives(self) -> bool:
        """Whether the app knows shared drives (``supportsTeamDrives`` is the old name)."""
        return bool(self.params["supportsAllDrives"] or self.params["supportsTeamDrives"])

    @property
    def wants_all_drives(self) -> bool:
        return bool(self.params["includeItemsFromAllDrives"] or self.params["includeTeamDriveItems"])

    def file(self, item: Item) -> dict[str, Any]:
        return file_resource(self.store, self.viewer, item)
