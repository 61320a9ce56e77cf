"""Bringing a result, a note, or a source file to where it belongs, once."""

import hashlib
import io
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, BinaryIO, Final, cast
from uuid import UUID

from creator_app.bootstrap import Creator
from creator_app.domain import drops
from creator_app.domain.job_state import JobStatus
from creator_app.errors import NotFound, StorageError
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders import (
    AccessEnded,
    DropPlace,
    EntryGone,
    NameTaken,
    PlaceBusy,
    PlaceError,
    PlaceFull,
    Upload,
)
from creator_app.models import Asset, Delivery, DropFile, DropFolder, DropSource, Job
from creator_app.services import deliveries, drop_sources
from creator_app.services.errands import Errand
from jobs_worker.courier.access import access_ended

log = get_logger(__name__)

_IN_MEMORY_BYTES: Final = 1024 * 1024
_CHUNK_BYTES: Final = 256 * 1024
_NAMES_TRIED: Final = 20


@dataclass(frozen=True)
class Facts:
    """What was known when the errand began."""

    delivery: Delivery
    folder: DropFolder
    source: DropSource
    file: DropFile | None
    job: Job | None
    asset: Asset | None


@dataclass(frozen=True)
class Parcel:
    """What is to be written."""

    stream: BinaryIO
    size: int
    md5: str
    content_type: str


class Deliverer:
    """Brings deliveries."""

    def __init__(self, creator: Creator) -> None:
        self._creator = creator
        self._making = threading.Lock()

    def deliver(self, errand: Errand) -> None:
        """Brings one thing, or says when it is to be tried again.

        Raises:
            LeaseLost: somebody else brings it.
        """
        facts = self._facts(errand)
        if facts is None:
            return
        try:
            place = self._creator.drop_place(facts.source)
            if facts.delivery.what == "source":
                self._move_source(errand, facts, place)
            else:
                self._bring(errand, facts, place)
        except AccessEnded as error:
            access_ended(self._creator, facts.source, error)
            self._later(errand, error)
        except PlaceBusy as error:
            if error.slow_down:
                with self._creator.uow.write() as work:
                    drop_sources.hold(work, facts.source.id, error.retry_after_s)
            self._later(errand, error)
        except (PlaceFull, NameTaken) as error:
            self._later(errand, error, full=isinstance(error, PlaceFull))
        except PlaceError as error:
            with self._creator.uow.write() as work:
                deliveries.failed(work, errand, error.code, f"{error.message} {error.hint}")
        except NotFound:
            with self._creator.uow.write() as work:
                deliveries.failed(work, errand, "result_gone", "The result is not here any more.")
        except StorageError as error:
            with self._creator.uow.write() as work:
                deliveries.later(work, errand, error.code, error.message)

    def _bring(self, errand: Errand, facts: Facts, place: DropPlace) -> None:
        folder_id = self._target(facts, place)
        try:
            self._put(errand, facts, place, folder_id)
        except EntryGone:
            if facts.folder.results_chosen and facts.delivery.what == "result":
                raise
            # The person deleted the folder that we had made: the result still has to go somewhere.
            facts.delivery.remote_id = None  # it was reserved in the folder that is gone
            self._put(errand, facts, place, self._target(facts, place, anew=True))

    def _put(self, errand: Errand, facts: Facts, place: DropPlace, folder_id: str) -> None:
        name = facts.delivery.remote_name or self._name(facts)
        remote_id = facts.delivery.remote_id
        with self._parcel(facts) as parcel:
            for attempt in range(_NAMES_TRIED):
                if remote_id is None:
                    remote_id = place.reserve(folder_id, name)
                    with self._creator.uow.write() as work:
                        deliveries.reserved(work, errand, remote_id, name)
                    crash_point("deliver.after_reserve")
                upload = self._upload(facts, parcel, remote_id, folder_id, name)
                try:
                    entry = place.find(upload) or place.put(upload, parcel.stream)
                    break
                except NameTaken:
                    remote_id = None
                    parcel.stream.seek(0)
                    if attempt == _NAMES_TRIED - 1:
                        raise
        crash_point("deliver.after_put")
        with self._creator.uow.write() as work:
            deliveries.done(work, errand, remote_id=entry.id, name=entry.name, url=entry.url)

    def _upload(self, facts: Facts, parcel: Parcel, remote_id: str, folder_id: str, name: str) -> Upload:
        delivery, job = facts.delivery, facts.job
        properties = {"creator_delivery": str(delivery.id)}
        if job is not None and delivery.what == "result":
            properties |= {"creator_job_id": str(job.id), "creator_output": str(delivery.n)}
        else:
            properties["creator_note"] = str(delivery.file_id or delivery.id)
        description = ""
        if job is not None and delivery.what == "result":
            made = f"{job.finished_at:%Y-%m-%d %H:%M} UTC" if job.finished_at else ""
            description = f"{job.recipe_title}, made {made}. {self._creator.address}/jobs/{job.id}"
        return Upload(
            id=remote_id,
            folder_id=folder_id,
            name=name,
            size=parcel.size,
            content_type=parcel.content_type,
            md5=parcel.md5,
            description=description,
            properties=properties,
        )

    @contextmanager
    def _parcel(self, facts: Facts) -> Iterator[Parcel]:
        if facts.asset is None:
            if facts.delivery.what == "result":
                raise NotFound("The result is not here any more.")
            body = (facts.delivery.body or "").encode()
            if facts.job is not None:
                body += f"\nMore about it: {self._creator.address}/jobs/{facts.job.id}\n".encode()
            md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
            yield Parcel(io.BytesIO(body), len(body), md5, "text/plain")
            return
        with self._opened(facts.asset) as stream:
            digest = hashlib.md5(usedforsecurity=False)
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
            size = stream.tell()
            stream.seek(0)
            yield Parcel(cast(BinaryIO, stream), size, digest.hexdigest(), facts.asset.content_type)

    @contextmanager
    def _opened(self, asset: Asset) -> Iterator[IO[bytes]]:
        path = self._creator.storage.local_path(asset.storage_key)
        if path is not None:
            try:
                with path.open("rb") as file:
                    yield file
                return
            except FileNotFoundError as error:
                raise NotFound("The result is not here any more.") from error
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, prefix="creator-result-") as spool:
            for piece in self._creator.storage.open(asset.storage_key):
                spool.write(piece)
            spool.seek(0)
            yield cast(IO[bytes], spool)

    def _name(self, facts: Facts) -> str:
        if facts.delivery.what == "note":
            return drops.note_name(facts.file.name if facts.file is not None else facts.folder.name)
        asset, job = facts.asset, facts.job
        if asset is None or job is None:
            return "result"
        made = job.finished_at or job.created_at
        words = {
            "name": drops.stem(facts.file.name) if facts.file is not None else "",
            "recipe": job.recipe_title,
            "date": f"{made:%Y-%m-%d}",
            "time": f"{made:%H-%M-%S}",
            "n": (facts.delivery.n or 0) + 1,
            "job": str(job.id)[-8:],
            "width": asset.width or "",
            "height": asset.height or "",
            "seed": job.inputs.get("seed", ""),
        }
        return drops.result_name(facts.folder.naming, words, asset.filename or "result")

    def _target(self, facts: Facts, place: DropPlace, *, anew: bool = False) -> str:
        """The folder that a delivery goes into; made when it is needed for the first time, or was deleted."""
        column, name = (
            ("results_id", drops.RESULTS) if facts.delivery.what == "result" else ("review_id", drops.REVIEW)
        )
        return self._subfolder(facts.folder.id, place, column, name, anew=anew)

    def _subfolder(
        self,
        folder_id: UUID,
        place: DropPlace,
        column: str,
        name: str,
        *,
        parent: str | None = None,
        anew: bool = False,
    ) -> str:
        with self._making:  # two results at once must not make two folders
            with self._creator.uow.read() as work:
                folder = work.session.get(DropFolder, folder_id)
                if folder is None:
                    raise EntryGone
            known = cast(str | None, getattr(folder, column))
            if known and not anew:
                return known
            made = place.make_folder(parent or folder.remote_id, name)
            with self._creator.uow.write() as work:
                row = work.session.get(DropFolder, folder_id, with_for_update=True)
                if row is not None:
                    setattr(row, column, made.id)
                    if column == "results_id":
                        row.results_name, row.results_url = made.name, made.url
                    work.session.add(row)
            return made.id

    def _move_source(self, errand: Errand, facts: Facts, place: DropPlace) -> None:
        if facts.file is None:
            with self._creator.uow.write() as work:
                deliveries.done(work, errand, remote_id=None, name=None, url=None)
            return
        if facts.job is not None:
            with self._creator.uow.read() as work:
                under_way = deliveries.results_under_way(work, facts.job.id)
            if under_way:
                with self._creator.uow.write() as work:
                    deliveries.not_yet(work, errand, timedelta(seconds=2))
                return
        went_well = facts.job is not None and facts.job.status == JobStatus.SUCCEEDED
        try:
            moved = self._moved(facts, place, went_well)
        except EntryGone:
            if facts.folder.state != "ok":
                raise
            moved = None  # the person took it away themselves
        with self._creator.uow.write() as work:
            deliveries.done(work, errand, remote_id=None, name=moved, url=None)

    def _moved(self, facts: Facts, place: DropPlace, went_well: bool) -> str:
        assert facts.file is not None  # noqa: S101
        folder = facts.folder
        if went_well:
            # Beside the results where those are ours; the person's own results folder stays theirs.
            done = None
            if not folder.results_chosen:
                done = self._subfolder(folder.id, place, "results_id", drops.RESULTS)
            else:
                done = place.make_folder(folder.remote_id, drops.RESULTS).id
            target = self._subfolder(folder.id, place, "originals_id", drops.ORIGINALS, parent=done)
        else:
            target = self._subfolder(folder.id, place, "review_id", drops.REVIEW)
        return place.move(facts.file.remote_id, target).name

    def _later(self, errand: Errand, error: PlaceError, *, full: bool = False) -> None:
        with self._creator.uow.write() as work:
            deliveries.later(work, errand, error.code, f"{error.message} {error.hint}".strip(), full=full)

    def _facts(self, errand: Errand) -> Facts | None:
        with self._creator.uow.read() as work:
            row = work.session.get(Delivery, errand.row_id)
            folder = (
                work.session.get(DropFolder, row.folder_id) if row is not None and row.folder_id else None
            )
            source = work.session.get(DropSource, folder.source_id) if folder is not None else None
            if row is None or folder is None or source is None:
                return None
            job = work.session.get(Job, row.job_id) if row.job_id else None
            asset = None
            if job is not None and row.what == "result":
                found = next((one for one in job.outputs if int(one["n"]) == row.n), None)
                asset = work.session.get(Asset, UUID(found["asset_id"])) if found else None
            file = work.session.get(DropFile, row.file_id) if row.file_id else None
            return Facts(row, folder, source, file, job, asset)
