"""What people do in their Drive beside the app: drop, replace, move, trash, restore, copy, revoke.

This is how tests set things up and look at what came of it. Everything goes into the change log and wakes
channels.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .access import SCOPE, Viewer
from .blobs import Generated, pieces
from .clock import parse_time
from .oauth import Client, Tokens
from .resource import file_resource
from .store import DOCUMENT, FOLDER, SHORTCUT, Item, User, guess_type

if TYPE_CHECKING:
    from .server import DriveServer

When = datetime | str | None


def _when(value: When) -> datetime | None:
    return parse_time(value) if isinstance(value, str) else value


class Person:
    """A user. Folders and files are named by id, or by a path from My Drive: ``Creator/Done``."""

    def __init__(self, server: "DriveServer", user: User) -> None:
        self._server, self.user, self._store = server, user, server.store

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def root_id(self) -> str:
        return self.user.root_id

    # looking

    def item(self, where: str) -> Item:
        """By id or by path.

        Raises:
            KeyError: there is none.
        """
        with self._store.lock:
            if where in ("", "root"):
                return self._store.items[self.root_id]
            if where in self._store.items:
                return self._store.items[where]
            found = self._store.items[self.root_id]
            for name in where.strip("/").split("/"):
                found = self._child(found, name)
            return found

    def _child(self, folder: Item, name: str) -> Item:
        for one in self._store.children(folder.id):
            if one.name == name and not one.trashed_itself:
                return one
        raise KeyError(f"no {name!r} in {folder.name!r} of {self.email}")

    def file(self, where: str) -> dict[str, Any]:
        """All fields, as an app with every right sees them; ``appProperties`` of every app in one."""
        with self._store.lock:
            item = self.item(where)
            viewer = Viewer(self.user, "", frozenset({SCOPE + "drive"}))
            own = {key: value for one in item.own_properties.values() for key, value in one.items()}
            return file_resource(self._store, viewer, item) | {"appProperties": own}

    def children(self, where: str = "root", *, trashed: bool = False) -> list[dict[str, Any]]:
        """What lies directly in a folder, oldest first."""
        with self._store.lock:
            found = self._store.children(self.item(where).id)
            return [self.file(one.id) for one in found if trashed or not one.trashed_itself]

    def names(self, where: str = "root") -> list[str]:
        return sorted(one["name"] for one in self.children(where))

    def paths(self, where: str = "root") -> list[str]:
        """Everything below a folder, not in the trash, as paths; folders end with a slash."""
        with self._store.lock:
            found: list[str] = []
            for one in self._store.children(self.item(where).id):
                if not one.trashed_itself:
                    found.append(one.name + "/" * one.is_folder)
                    found += [
                        f"{one.name}/{inner}" for inner in (self.paths(one.id) if one.is_folder else ())
                    ]
            return sorted(found)

    def read(self, where: str) -> bytes:
        """The whole content."""
        content = self.item(where).content
        assert content is not None, f"{where} has no content"
        return b"".join(pieces(content, 0, content.size))

    # making

    def folder(self, path: str, parent: str = "root") -> str:
        """The id of a folder by its path below another one; made where it isn't there."""
        with self._store.lock:
            at = self.item(parent)
            for name in path.strip("/").split("/"):
                try:
                    at = self._child(at, name)
                except KeyError:
                    at = self._store.add(name, FOLDER, at, self.user)
            return at.id

    def drop(
        self,
        folder: str,
        name: str,
        data: bytes = b"",
        *,
        created: When = None,
        modified: When = None,
        mime_type: str | None = None,
        properties: dict[str, str] | None = None,
        arriving: bool = False,
    ) -> str:
        """A file, as Drive's page or desktop client puts it there; ``arriving`` leaves its checksums out."""
        return self._add(
            folder,
            name,
            mime_type or guess_type(name),
            content=self._store.blobs.keep(data),
            created=_when(created),
            modified=_when(modified),
            properties=properties or {},
            arriving=arriving,
        )

    def drop_generated(self, folder: str, name: str, size: int, seed: int = 1, **more: Any) -> str:
        """A big file whose bytes follow from a seed; takes no room."""
        return self._add(folder, name, guess_type(name), content=Generated(size, seed), **more)

    def drop_growing(
        self,
        folder: str,
        name: str,
        parts: Sequence[bytes],
        *,
        every_s: float | None = None,
        sums: str = "late",
    ) -> "Growing":
        """A file that is still being written: it appears with the first piece.

        Args:
            every_s: seconds between pieces; ``None`` for a test that calls `Growing.grow` itself.
            sums: ``late``: no checksums until it is whole; ``always``: those of what is there.
        """
        file_id = self.drop(folder, name, parts[0], arriving=sums == "late")
        growing = Growing(self, file_id, list(parts), every_s)
        growing.start()
        return growing

    def google_doc(self, folder: str, name: str, mime_type: str = DOCUMENT) -> str:
        return self._add(folder, name, mime_type)

    def shortcut(self, folder: str, target: str, name: str | None = None) -> str:
        """To an item that may be gone later on."""
        aim = self.item(target)
        return self._add(folder, name or aim.name, SHORTCUT, target_id=aim.id)

    def _add(self, folder: str, name: str, mime_type: str, **more: Any) -> str:
        with self._store.lock:
            return self._store.add(name, mime_type, self.item(folder), self.user, **more).id

    # changing

    def replace(self, where: str, data: bytes, *, modified: When = None, arriving: bool = False) -> None:
        """Another content under the same id ("Manage versions")."""
        with self._store.lock:
            item = self.item(where)
            self._store.set_content(item, self._store.blobs.keep(data), modified=_when(modified))
            item.arriving = arriving
            self._store.changed(item, "content")

    def finish(self, where: str) -> None:
        """An arriving file is whole now."""
        with self._store.lock:
            item = self.item(where)
            item.arriving = False
            self._store.changed(item, "content")

    def rename(self, where: str, name: str) -> None:
        with self._store.lock:
            item = self.item(where)
            item.name = name
            self._store.changed(item, "update")

    def move(self, where: str, folder: str) -> None:
        with self._store.lock:
            item = self.item(where)
            logs = self._store.logs(item)
            self._store.move(item, self.item(folder))
            self._store.changed(item, "parents", logs)

    def trash(self, where: str) -> None:
        self._set_trashed(self.item(where), trashed=True)

    def restore(self, file_id: str) -> None:
        self._set_trashed(self._store.items[file_id], trashed=False)

    def _set_trashed(self, item: Item, *, trashed: bool) -> None:
        with self._store.lock:
            item.trashed_itself = trashed
            self._store.changed(item, "trash" if trashed else "untrash")

    def delete(self, where: str) -> None:
        """For good."""
        with self._store.lock:
            self._store.remove(self.item(where))

    def copy(self, where: str, folder: str | None = None, name: str | None = None) -> str:
        """With the properties of every app, as a copy in Drive has them."""
        with self._store.lock:
            source = self.item(where)
            return self._add(
                folder or str(source.parent),
                name or f"Copy of {source.name}",
                source.mime_type,
                content=source.content,
                target_id=source.target_id,
                description=source.description,
                properties=dict(source.properties),
                own_properties={key: dict(one) for key, one in source.own_properties.items()},
            )

    def set_times(self, where: str, *, created: When = None, modified: When = None) -> None:
        with self._store.lock:
            item = self.item(where)
            item.created = _when(created) or item.created
            item.modified = _when(modified) or item.modified
            self._store.changed(item, "update")

    def touch(self, where: str) -> None:
        """A change that nobody sees: the version alone goes up, as when Drive makes a thumbnail."""
        with self._store.lock:
            self._store.changed(self.item(where), "update")

    def share(self, where: str, email: str, role: str = "writer") -> None:
        """With another user (reader or writer); it turns up in their change log."""
        with self._store.lock:
            item = self.item(where)
            item.shared_with[self._server.user(email).user.sub] = role
            self._store.is_anything_shared = True
            self._store.changed(item, "permissions")

    def unshare(self, where: str, email: str) -> None:
        with self._store.lock:
            item = self.item(where)
            logs = self._store.logs(item)
            item.shared_with.pop(self._server.user(email).user.sub, None)
            self._store.changed(item, "permissions", logs)

    # apps and storage

    def pick(self, where: str, client: str | None = None) -> None:
        """Opens a file with the app (Google Picker): with ``drive.file`` it sees it from now on."""
        with self._store.lock:
            item = self.item(where)
            item.apps.add(client or self._server.default_client.id)
            self._store.changed(item, "update")

    def set_storage(self, limit: int | None) -> None:
        """Bytes that fit in all; less than what is there makes it full."""
        self.user.limit = limit

    def grant(self, scopes: Iterable[str] = ("drive",), client: Client | None = None) -> Tokens:
        """Tokens without the consent page. Scopes may be short: ``drive``, ``drive.file``."""
        with self._store.lock:
            wanted = [one if one.startswith("http") or "drive" not in one else SCOPE + one for one in scopes]
            return self._server.oauth.grant_directly(
                self.user, client or self._server.default_client, ["openid", "email", *wanted]
            )

    def revoke_apps(self) -> None:
        """Removes the app's access at myaccount.google.com: 401 and ``invalid_grant`` from now on."""
        with self._store.lock:
            self._server.oauth.forget_user(self.user)

    def expire_refresh_tokens(self) -> None:
        """The seven days of a test-mode app are over for this user."""
        with self._store.lock:
            self._server.oauth.expire_refresh_tokens(self.user)


class Growing:
    """A file on its way into Drive, piece by piece."""

    def __init__(self, person: Person, file_id: str, pieces: list[bytes], every_s: float | None) -> None:
        self.id, self._person, self._pieces, self._every_s = file_id, person, pieces, every_s
        self._there = 1

    @property
    def is_whole(self) -> bool:
        return self._there >= len(self._pieces)

    def start(self) -> None:
        if self._every_s is not None:
            threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not self.is_whole:
            pause.wait(self._every_s)
            self.grow()

    def grow(self) -> bool:
        """Another piece arrives; true while there is more to come. The last one makes it whole."""
        self._there += 1
        late = self._person.item(self.id).arriving
        data = b"".join(self._pieces[: self._there])
        self._person.replace(self.id, data, arriving=late and not self.is_whole)
        return not self.is_whole
