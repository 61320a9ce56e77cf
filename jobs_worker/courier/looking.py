"""Looking at a Drive or a directory: what is new there is written down, and nothing else is done."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from creator_app.bootstrap import Creator
from creator_app.domain import drops
from creator_app.domain.recipe import Manifest
from creator_app.errors import NotFound
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import (
    AccessEnded,
    DropEntry,
    DropPlace,
    EntryGone,
    EntryKind,
    PlaceBusy,
    PlaceError,
)
from creator_app.models import DropFolder, DropSource
from creator_app.repositories.drops import DropFolderRepository
from creator_app.services import deliveries, drop_files, drop_sources, recipes
from creator_app.services.drop_files import Found
from creator_app.services.drop_sources import Pace
from creator_app.services.errands import Errand
from creator_app.services.unit_of_work import FoldersChanged
from jobs_worker.courier.access import access_ended, rest_of

log = get_logger(__name__)

_BATCH: Final = 200


@dataclass
class Tree:
    """A drop folder and the folders in it, as they are found while it is listed."""

    folder: DropFolder
    manifest: Manifest | None
    nodes: dict[str, dict[str, Any]]

    def path(self, folder_id: str) -> tuple[str, ...]:
        """The names of the folders down to one."""
        return tuple(self.nodes[folder_id]["path"])


class Looker:
    """Looks at places."""

    def __init__(self, creator: Creator) -> None:
        self._creator = creator

    def look(self, errand: Errand) -> None:
        """Looks at one place, and says when it is to be looked at next.

        Raises:
            LeaseLost: somebody else looks there now.
        """
        with self._creator.uow.read() as work:
            source = work.session.get(DropSource, errand.row_id)
            if source is None:
                return
            folders = list(DropFolderRepository(work.session).of_source(source.id))
            started = db_now(work.session)
        try:
            place = self._creator.drop_place(source)
            self._look(errand, source, folders, place, started)
        except AccessEnded as error:
            access_ended(self._creator, source, error)
            self._in_vain(errand, error)
        except PlaceError as error:
            self._in_vain(errand, error)
        except SQLAlchemyError as error:
            log.warning("look_not_written_down", source=str(source.id), error=repr(error))
            self._in_vain(errand, PlaceBusy(detail="The database did not answer."))

    def _look(
        self,
        errand: Errand,
        source: DropSource,
        folders: list[DropFolder],
        place: DropPlace,
        started: datetime,
    ) -> None:
        listing = source.token is None or source.next_listing_at <= started or source.kind == "folder"
        token, written = source.token, 0
        if not listing:
            try:
                written, token, listing = self._news(source, folders, place)
            except EntryGone:  # the place forgot where we were: begin anew
                listing, token = True, None
        if listing:
            # Asked for first: what comes while the folders are listed is heard of again.
            token = place.news_token() if token is None or source.kind == "folder" else token
            for folder in folders:
                written += self._list(source, folder, place)
        crash_point("look.before_token")
        self._creator.keep_channel(source)
        with self._creator.uow.write() as work:
            drop_sources.looked(
                work,
                errand,
                token=token,
                listed=listing,
                news=written > 0,
                pace=self._pace(source),
                started=started,
            )

    def _in_vain(self, errand: Errand, error: PlaceError) -> None:
        wait = None
        if isinstance(error, PlaceBusy) and error.retry_after_s:
            wait = timedelta(seconds=error.retry_after_s)
        with self._creator.uow.write() as work:
            if isinstance(error, PlaceBusy) and error.slow_down:
                drop_sources.hold(work, errand.row_id, error.retry_after_s)
            drop_sources.looked_in_vain(work, errand, error.detail or error.message, wait)

    def _pace(self, source: DropSource) -> Pace:
        settings = self._creator.settings
        if source.kind == "folder":
            # A look at a directory costs next to nothing, and its own events come on top.
            return Pace(timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=5))
        longest = settings.drive_poll_max_seconds
        if source.channel_id:  # pushes tell of what happens: polling only covers a lost one
            longest = settings.drive_listing_seconds
        return Pace(
            timedelta(seconds=settings.drive_poll_seconds),
            timedelta(seconds=max(longest, settings.drive_poll_seconds)),
            timedelta(seconds=settings.drive_listing_seconds),
        )

    def _news(self, source: DropSource, folders: list[DropFolder], place: DropPlace) -> tuple[int, str, bool]:
        """Writes down what the place says has changed; the third value: whether a listing is needed."""
        assert source.token is not None  # noqa: S101
        news = place.news(source.token)
        written, listing = 0, False
        for folder in folders:
            if folder.state == "missing":
                continue
            tree = self._tree(folder)
            found, texts = [], False
            for entry, at in news.entries:
                if entry.id == folder.remote_id:
                    listing = listing or entry.name != folder.name
                elif entry.parent_id in tree.nodes and entry.kind is EntryKind.FOLDER:
                    listing = listing or not self._is_own(folder, tree, entry)
                elif entry.parent_id in tree.nodes:
                    texts = texts or self._is_helper(tree, entry)
                    found.append(Found(entry, tree.path(entry.parent_id), at))
            listing = listing or texts
            written += self._record(
                source, folder, [one for one in found if not self._is_helper(tree, one.entry)]
            )
        return written, news.token, listing

    def _list(self, source: DropSource, folder: DropFolder, place: DropPlace) -> int:
        """Writes down everything that lies in a folder."""
        tree = self._tree(folder)
        tree.nodes = {}
        written = 0
        batch: list[Found] = []
        try:
            # What lies in a folder that is in the trash looks like an empty one: ask for itself first.
            itself = place.look(folder.remote_id)
            self._back(folder)
            for found in self._walk(place, tree):
                batch.append(found)
                if len(batch) >= _BATCH:
                    written += self._record(source, folder, batch)
                    batch = []
        except EntryGone:
            self._missing(folder)
            return written
        written += self._record(source, folder, batch)
        self._keep_tree(place, tree, itself)
        return written

    def _walk(self, place: DropPlace, tree: Tree) -> Iterator[Found]:
        waiting: list[tuple[str, tuple[str, ...]]] = [(tree.folder.remote_id, ())]
        while waiting:
            folder_id, path = waiting.pop()
            node: dict[str, Any] = {"path": list(path), "files": {}, "text": None}
            tree.nodes[folder_id] = node
            for entry in self._children(place, folder_id, top=not path):
                if entry.kind is EntryKind.FOLDER:
                    if len(path) < drops.MAX_DEPTH and not self._is_own(tree.folder, tree, entry):
                        waiting.append((entry.id, (*path, entry.name)))
                    continue
                if entry.ours:
                    continue
                helper = self._is_helper(tree, entry)
                if helper == drops.VALUES_FILE:
                    node["text"] = {"id": entry.id, "version": entry.version, "size": entry.size}
                elif helper:
                    node["files"][helper] = entry.id
                else:
                    yield Found(replace(entry, parent_id=folder_id), path)

    def _children(self, place: DropPlace, folder_id: str, *, top: bool) -> Iterator[DropEntry]:
        try:
            yield from place.children(folder_id)
        except EntryGone:
            if top:  # one that vanishes further down is simply not there any more
                raise

    def _is_own(self, folder: DropFolder, tree: Tree, entry: DropEntry) -> bool:
        """Whether a folder is one of those that we write into."""
        by_id = entry.id in (folder.results_id, folder.review_id, folder.originals_id)
        by_name = entry.parent_id in ("", folder.remote_id) and entry.name in drops.OWN_FOLDERS
        return by_id or entry.ours or by_name

    def _is_helper(self, tree: Tree, entry: DropEntry) -> str:
        """What a file is for that is no input itself: ``recipe.txt``, or a further input's name."""
        if entry.kind is not EntryKind.FILE:
            return ""
        if entry.name.strip().lower() == drops.VALUES_FILE:
            return drops.VALUES_FILE
        return (drops.is_companion(entry.name, tree.manifest) or "") if tree.manifest is not None else ""

    def _record(self, source: DropSource, folder: DropFolder, found: list[Found]) -> int:
        if not found:
            return 0
        rest = rest_of(self._creator.settings, source)
        with self._creator.uow.write() as work:
            row = work.session.get(DropFolder, folder.id)
            if row is None or not row.enabled:
                return 0
            written = drop_files.record(work, row, found, rest)
            crash_point("look.before_commit")
        return written

    def _tree(self, folder: DropFolder) -> Tree:
        with self._creator.uow.read() as work:
            try:
                manifest = recipes.get_recipe(work, folder.recipe_slug).manifest
            except NotFound:
                manifest = None
        nodes = dict(folder.tree) or {folder.remote_id: {"path": [], "files": {}, "text": None}}
        return Tree(folder, manifest, nodes)

    def _keep_tree(self, place: DropPlace, tree: Tree, itself: DropEntry) -> None:
        """Keeps what was learned of the folder; a new ``recipe.txt`` is read."""
        before = tree.folder.tree
        news: list[tuple[str, str]] = []
        for folder_id, node in tree.nodes.items():
            old = (before.get(folder_id) or {}).get("text") or {}
            text = node["text"]
            if text is None:
                continue
            if old.get("version") == text["version"] and "values" in old:
                node["text"] = old
                continue
            text |= self._values(place, tree, text)
            if text.get("error"):
                news.append((f"{folder_id}:{text['version']}", text["error"]))
        renamed = itself.name != tree.folder.name
        if tree.nodes == before and not news and not renamed:
            return
        with self._creator.uow.write() as work:
            row = work.session.get(DropFolder, tree.folder.id, with_for_update=True)
            if row is None:
                return
            row.tree = tree.nodes
            row.name, row.url = itself.name, itself.url or row.url
            work.session.add(row)
            for version, message in news:
                deliveries.plan_values_note(work, row, version, message)

    def _values(self, place: DropPlace, tree: Tree, text: dict[str, Any]) -> dict[str, Any]:
        try:
            if (text["size"] or 0) > drops.MAX_VALUES_FILE_BYTES:
                raise ValueError(f"{drops.VALUES_FILE} is larger than 64 KB.")
            raw = b"".join(place.open(place.look(text["id"])))
            values = drops.read_values_file(raw.decode("utf-8", errors="replace"))
            if tree.manifest is not None:
                drops.check_values(values, tree.manifest)
        except ValueError as error:
            return {"values": {}, "error": str(error)}
        except EntryGone:
            return {"values": {}}
        return {"values": values, "error": None}

    def _back(self, folder: DropFolder) -> None:
        """A folder that was taken out of the trash works again."""
        if folder.state != "missing":
            return
        with self._creator.uow.write() as work:
            row = work.session.get(DropFolder, folder.id, with_for_update=True)
            if row is not None and row.state == "missing":
                row.state, row.reason = "ok", None
                work.session.add(row)
                work.tell(FoldersChanged(row.account_id))

    def _missing(self, folder: DropFolder) -> None:
        with self._creator.uow.write() as work:
            row = work.session.get(DropFolder, folder.id, with_for_update=True)
            if row is not None and row.state != "missing":
                row.state = "missing"
                row.reason = "This folder was deleted."
                work.session.add(row)
                work.tell(FoldersChanged(row.account_id))
