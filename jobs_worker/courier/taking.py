"""Taking a dropped file: look at it once more, fetch it, and submit it as a job, once."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any, BinaryIO, Final, cast

from creator_app.bootstrap import Creator
from creator_app.domain import drops
from creator_app.domain.drops import Verdict
from creator_app.domain.recipe import Manifest
from creator_app.errors import CreatorError, InvalidInput, NotFound, QuotaExceeded, StorageError, TooLarge
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import (
    AccessEnded,
    DropEntry,
    DropPlace,
    EntryGone,
    PlaceBusy,
    PlaceError,
)
from creator_app.models import DropFile, DropFolder, DropSource
from creator_app.services import drop_files, drop_sources, recipes
from creator_app.services.admission import IntakePaused, NoServerCan, QueueFull
from creator_app.services.drop_files import Found
from creator_app.services.errands import Errand
from creator_app.services.intake import Submission
from jobs_worker.courier.access import access_ended, rest_of

log = get_logger(__name__)

_IN_MEMORY_BYTES: Final = 1024 * 1024
_NO_ROOM_EVERY: Final = timedelta(seconds=10)
_NO_SERVER_EVERY: Final = timedelta(minutes=1)
_NO_QUOTA_EVERY: Final = timedelta(minutes=10)
_BESIDE_EVERY: Final = timedelta(seconds=20)
_OURS_TO_MEND: Final = "Something went wrong on our side. We try again by ourselves."


class _Changed(Exception):
    """What was fetched is not what was seen."""


@dataclass(frozen=True)
class Facts:
    """What was known when the errand began."""

    file: DropFile
    folder: DropFolder
    source: DropSource
    manifest: Manifest | None
    now: datetime


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched, at its beginning."""

    stream: IO[bytes]
    name: str
    sha256: str


class Taker:
    """Takes dropped files."""

    def __init__(self, creator: Creator) -> None:
        self._creator = creator

    def take(self, errand: Errand) -> None:
        """Brings one file as far as it can be brought now.

        Raises:
            LeaseLost: somebody else works on it.
        """
        facts = self._facts(errand)
        if facts is None:
            return
        try:
            self._take(errand, facts)
        except AccessEnded as error:
            access_ended(self._creator, facts.source, error)
            self._later(errand, error.message)
        except PlaceBusy as error:
            self._hold(facts, error)
            self._later(errand, error.message)
        except EntryGone:  # deleted, or moved away, before it was taken: as if it had never been there
            self._forget(errand)
        except PlaceError as error:
            self._note(errand, error)
        except _Changed:
            self._later(errand, "This file is still changing.")

    def _take(self, errand: Errand, facts: Facts) -> None:
        place = self._creator.drop_place(facts.source)
        entry = place.look(facts.file.remote_id)
        path = _path_of(facts.folder, entry)
        if path is None:
            raise EntryGone("This file was moved away.")
        if drop_files.look_of(entry) != facts.file.last_look:
            with self._creator.uow.write() as work:
                drop_files.changed(
                    work, errand, Found(entry, path), rest_of(self._creator.settings, facts.source)
                )
            return
        if facts.manifest is None:
            self._wait(errand, "The recipe of this folder is switched off.", _NO_QUOTA_EVERY)
            return
        judgement = drops.judge(
            drop_files.as_dropped(facts.file, entry),
            facts.manifest,
            now=facts.now,
            rest=rest_of(self._creator.settings, facts.source),
            max_bytes=self._creator.settings.max_upload_bytes,
        )
        if judgement.verdict is Verdict.TAKE:
            self._fetch_and_submit(errand, facts, facts.manifest, place, entry, path)
        elif judgement.verdict is Verdict.WAIT:
            self._wait(errand, judgement.reason, judgement.until or timedelta(seconds=1))
        elif judgement.verdict is Verdict.NOTE:
            self._note(errand, InvalidInput(judgement.reason, hint=_what_is_taken(facts.manifest)))
        else:
            self._forget(errand)

    def _fetch_and_submit(
        self,
        errand: Errand,
        facts: Facts,
        manifest: Manifest,
        place: DropPlace,
        entry: DropEntry,
        path: tuple[str, ...],
    ) -> None:
        main = drops.main_input(manifest)
        values, trouble = _values(facts.folder, manifest, entry, path)
        beside, missing = _beside(facts.folder, manifest, entry)
        if main is None or trouble or missing:
            self._wait(errand, trouble or missing or "This recipe takes no file.", _BESIDE_EVERY)
            return
        with ExitStack() as stack:
            fetched = stack.enter_context(self._fetched(place, entry))
            crash_point("take.after_fetch")
            with self._creator.uow.read() as work:
                touched = drop_files.same_as_before(work, facts.file, fetched.sha256)
            if touched:
                with self._creator.uow.write() as work:
                    drop_files.passed(work, errand, "Its content was taken before.")
                return
            name = drops.values_in_name(entry.name, manifest)[0]
            files: dict[str, tuple[BinaryIO, str]] = {main.name: (cast(BinaryIO, fetched.stream), name)}
            for one, remote_id in beside.items():
                more = stack.enter_context(self._fetched(place, place.look(remote_id)))
                files[one] = (cast(BinaryIO, more.stream), more.name)
            self._submit(errand, facts, values, files, fetched.sha256)

    def _submit(
        self,
        errand: Errand,
        facts: Facts,
        values: dict[str, Any],
        files: dict[str, tuple[BinaryIO, str]],
        sha256: str,
    ) -> None:
        submission = Submission(
            account_id=facts.folder.account_id,
            user_id=facts.folder.user_id,
            slug=facts.folder.recipe_slug,
            values=values,
            files=files,
            source=facts.source.kind,
            source_ref=str(facts.file.id),
            idempotency_key=f"drop:{facts.file.id}",
        )
        try:
            job, made = self._creator.intake.submit(
                submission, lambda work, job: drop_files.taken(work, errand, job, sha256)
            )
        except (InvalidInput, TooLarge) as error:
            self._unusable(errand, facts, error)
        except (QueueFull, IntakePaused) as error:
            self._wait(errand, error.message, _NO_ROOM_EVERY)
        except NoServerCan as error:
            self._wait(errand, error.message, _NO_SERVER_EVERY)
        except QuotaExceeded as error:
            self._wait(errand, error.message, _NO_QUOTA_EVERY)
        except (NotFound, StorageError) as error:
            log.warning("dropped_file_not_submitted", file=str(facts.file.id), error=error.message)
            self._later(errand, _OURS_TO_MEND)
        else:
            crash_point("take.after_submit")
            if not made:  # accepted before; only what it belongs to was not written down
                with self._creator.uow.write() as work:
                    drop_files.taken(work, errand, job, sha256)

    def _unusable(self, errand: Errand, facts: Facts, error: CreatorError) -> None:
        # Half a picture does not decode either: one that has only just come may still get its rest.
        young = facts.now - facts.file.rested_since < drops.BROKEN_PATIENCE
        if young and (facts.source.kind == "folder" or facts.file.grew) and not isinstance(error, TooLarge):
            self._wait(
                errand, "This file is still arriving.", facts.file.rested_since + drops.BROKEN_PATIENCE
            )
        else:
            self._note(errand, error)

    @contextmanager
    def _fetched(self, place: DropPlace, entry: DropEntry) -> Iterator[Fetched]:
        limit = self._creator.settings.max_upload_bytes
        md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, prefix="creator-drop-") as spool:
            for piece in place.open(entry):
                size += len(piece)
                md5.update(piece)
                sha256.update(piece)
                spool.write(piece)
                if size > limit:
                    break  # the door for pictures says how much may come in
            if size <= limit and entry.md5 and md5.hexdigest() != entry.md5:
                raise _Changed
            spool.seek(0)
            yield Fetched(cast(IO[bytes], spool), entry.name, sha256.hexdigest())

    def _facts(self, errand: Errand) -> Facts | None:
        with self._creator.uow.read() as work:
            file = work.session.get(DropFile, errand.row_id)
            folder = work.session.get(DropFolder, file.folder_id) if file is not None else None
            source = work.session.get(DropSource, folder.source_id) if folder is not None else None
            if file is None or folder is None or source is None:
                return None
            try:
                manifest = recipes.get_recipe(work, folder.recipe_slug).manifest
            except NotFound:
                manifest = None
            return Facts(file, folder, source, manifest, db_now(work.session))

    def _hold(self, facts: Facts, error: PlaceBusy) -> None:
        if error.slow_down:
            with self._creator.uow.write() as work:
                drop_sources.hold(work, facts.source.id, error.retry_after_s)

    def _wait(self, errand: Errand, reason: str, until: datetime | timedelta) -> None:
        with self._creator.uow.write() as work:
            drop_files.waits(work, errand, reason, until)

    def _later(self, errand: Errand, reason: str) -> None:
        with self._creator.uow.write() as work:
            drop_files.try_later(work, errand, reason)

    def _forget(self, errand: Errand) -> None:
        with self._creator.uow.write() as work:
            drop_files.forgotten(work, errand)

    def _note(self, errand: Errand, error: CreatorError) -> None:
        with self._creator.uow.write() as work:
            drop_files.noted(work, errand, error.message, error.hint)


def _path_of(folder: DropFolder, entry: DropEntry) -> tuple[str, ...] | None:
    """The folders down to where a file is now; ``None`` if that is not in the drop folder any more."""
    if entry.parent_id == folder.remote_id:
        return ()
    node = folder.tree.get(entry.parent_id)
    return tuple(node["path"]) if node is not None else None


def _ways(folder: DropFolder, entry: DropEntry, path: tuple[str, ...]) -> list[dict[str, Any]]:
    """What is known of the drop folder and of each folder on the way down to the file."""
    wanted = [list(path[:depth]) for depth in range(len(path) + 1)]
    nodes = [(key, node) for key, node in folder.tree.items()]
    found = []
    for way in wanted:
        same = [node for key, node in nodes if node["path"] == way]
        own = [node for key, node in nodes if key == entry.parent_id and node["path"] == way]
        found += own or same[:1]
    return found


def _values(
    folder: DropFolder, manifest: Manifest, entry: DropEntry, path: tuple[str, ...]
) -> tuple[dict[str, Any], str | None]:
    """The values for a file, the nearest ones last; or why it must wait: a ``recipe.txt`` is not right."""
    values: dict[str, Any] = dict(folder.inputs)
    for node in _ways(folder, entry, path):
        text = node.get("text") or {}
        if text.get("error"):
            return {}, f"{drops.VALUES_FILE} can't be read as it is. {text['error']}"
        values |= text.get("values") or {}
    return values | drops.values_in_path(path, manifest) | drops.values_in_name(entry.name, manifest)[1], None


def _beside(folder: DropFolder, manifest: Manifest, entry: DropEntry) -> tuple[dict[str, str], str | None]:
    """The recipe's further files that lie in the folder, by input; and which one it waits for."""
    path = _path_of(folder, entry) or ()
    found: dict[str, str] = {}
    for node in _ways(folder, entry, path):
        found |= node.get("files") or {}
    for name, one in drops.companions(manifest).items():
        if one.required and name not in found:
            return (
                {},
                f"This recipe needs a second file, “{one.label}”. Put it into the folder as {name}.png.",
            )
    return found, None


def _what_is_taken(manifest: Manifest) -> str:
    main = drops.main_input(manifest)
    kind = {"image": "a picture", "video": "a video", "audio": "a sound"}.get(
        main.type.value if main else "", "a file"
    )
    return f"Drop {kind} here."
