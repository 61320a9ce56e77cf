"""The way in for every job: pictures are verified and kept, then one transaction accepts the job.

Dashboard, REST API, command line, Drive and watched folders all come through here, so that bad input gets
the same sentence everywhere and a refused job leaves nothing behind.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

from creator_app.infrastructure.crash_points import crash_point
from creator_app.integrations.storage import Storage
from creator_app.models import Asset, Job
from creator_app.services import assets, jobs, pictures, recipes
from creator_app.services.assets import PendingAsset
from creator_app.services.pictures import TakenPicture
from creator_app.services.unit_of_work import UnitOfWork, Work

Also = Callable[[Work, Job], None]


@dataclass(frozen=True)
class Limits:
    """How much one picture may be.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width times height.
    """

    max_bytes: int
    max_pixels: int


@dataclass(frozen=True)
class Submission:
    """What somebody wants done.

    Attributes:
        account_id: who pays.
        user_id: who asks.
        slug: the recipe.
        values: the recipe's inputs that are not files, by name.
        files: the ones that are, by input name: an open stream and the file's name.
        source: dashboard, api, cli, drive or folder.
        source_ref: the file's id over there.
        idempotency_key: the caller's name for this submission.
    """

    account_id: UUID
    user_id: UUID
    slug: str
    values: Mapping[str, Any]
    files: Mapping[str, tuple[BinaryIO, str]]
    source: str
    source_ref: str | None = None
    idempotency_key: str | None = None


class Intake:
    """Accepts submissions.

    Args:
        uow: opens transactions.
        storage: where pictures are kept.
        limits: how big they may be.
    """

    def __init__(self, uow: UnitOfWork, storage: Storage, limits: Limits) -> None:
        self._uow = uow
        self._storage = storage
        self._limits = limits

    def submit(self, submission: Submission, also: Also | None = None) -> tuple[Job, bool]:
        """Verifies, keeps and accepts.

        Args:
            submission: what somebody wants done.
            also: called in the transaction that accepts a new job: both happen, or neither.

        Returns:
            The job, and whether it was made now (``False``: this is a repeat of an accepted submission).

        Raises:
            InvalidInput, TooLarge: a picture or a value is not as the recipe asks; nothing was kept.
            NotFound: there is no such recipe.
            Conflict: the idempotency key was used for something else.
        """
        with self._taken(submission) as taken:
            digest = content_hash(submission, taken)
            repeat = self._repeat(submission, digest)
            if repeat is not None:
                return repeat, False
            return self._accept(submission, taken, digest, also)

    @contextmanager
    def _taken(self, submission: Submission) -> Iterator[dict[str, TakenPicture]]:
        with ExitStack() as stack:
            yield {
                name: stack.enter_context(
                    pictures.take_in(
                        stream,
                        filename,
                        max_bytes=self._limits.max_bytes,
                        max_pixels=self._limits.max_pixels,
                        field=name,
                    )
                )
                for name, (stream, filename) in submission.files.items()
            }

    def _repeat(self, submission: Submission, digest: str) -> Job | None:
        if not submission.idempotency_key:
            return None
        with self._uow.read() as work:
            return jobs.find_repeat(work, submission.account_id, submission.idempotency_key, digest)

    def _accept(
        self, submission: Submission, taken: dict[str, TakenPicture], digest: str, also: Also | None
    ) -> tuple[Job, bool]:
        pending: dict[str, PendingAsset] = {}
        created = False
        try:
            for name, picture in taken.items():
                pending[name] = assets.upload(self._storage, submission.account_id, picture)
            with self._uow.write(durable=True) as work:
                kept: dict[str, Asset] = {name: assets.record(work, one) for name, one in pending.items()}
                prepared = recipes.prepare(work, submission.slug, dict(submission.values), kept)
                job, created = jobs.submit(
                    work,
                    account_id=submission.account_id,
                    user_id=submission.user_id,
                    recipe=prepared,
                    source=submission.source,
                    source_ref=submission.source_ref,
                    idempotency_key=submission.idempotency_key,
                    content_hash=digest,
                )
                if created and also is not None:
                    also(work, job)
                if not created:  # somebody was quicker with the same key: keep nothing of this one
                    work.session.expunge(job)
                    work.session.rollback()
                crash_point("submit.before_commit")
            crash_point("submit.after_commit")
            return job, created
        finally:
            if not created:
                for one in pending.values():
                    self._storage.delete(one.storage_key)


def content_hash(submission: Submission, taken: Mapping[str, TakenPicture]) -> str:
    """The hash that tells a repeated submission from another one under the same key (sha256, hex)."""
    content = {
        "recipe": submission.slug,
        "values": submission.values,
        "files": {name: picture.sha256 for name, picture in taken.items()},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
