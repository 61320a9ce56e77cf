"""Copies everything from one storage to another; stopped at any moment, it goes on where it was.

A file is stored whole or not at all, and no file's content ever changes under its key: one that lies at the
target with the same size has been copied. What a row says of a file's content is compared while it is sent.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import col, select
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from creator_app.errors import NotFound, StorageError
from creator_app.integrations.storage import Storage
from creator_app.integrations.storage.base import StoredObject
from creator_app.models import Asset
from creator_app.services.unit_of_work import UnitOfWork

_AT_ONCE: Final = 4
_TRIES: Final = 4


@dataclass
class Moved:
    """What came of it.

    Attributes:
        copied: files that were not there yet.
        there: files that were.
        bytes: of those copied.
        troubles: a sentence for each file that could not be copied.
    """

    copied: int = 0
    there: int = 0
    bytes: int = 0
    troubles: list[str] = field(default_factory=list)


class StorageMove:
    """From one storage to another.

    Args:
        uow: reads what is known of the files.
        source: where they lie.
        target: where they are to lie.
    """

    def __init__(self, uow: UnitOfWork, source: Storage, target: Storage) -> None:
        self._uow = uow
        self._source = source
        self._target = target

    def count(self) -> tuple[int, int]:
        """How many files lie at the source, and their bytes."""
        number = size = 0
        for item in self._files():
            number, size = number + 1, size + item.size
        return number, size

    def copy(self, on_done: Callable[[int], None]) -> Moved:
        """Copies what is not at the target yet.

        Args:
            on_done: called with the size of each file that lies at the target then.
        """
        moved = Moved()

        def take(done: set[Future[tuple[StoredObject, bool]]]) -> None:
            for one in done:
                try:
                    item, new = one.result()
                except _Broken as error:
                    moved.troubles.append(str(error))
                    continue
                moved.copied, moved.there = moved.copied + new, moved.there + (not new)
                moved.bytes += item.size * new
                on_done(item.size)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            under_way: set[Future[tuple[StoredObject, bool]]] = set()
            for item in self._files():
                if len(under_way) >= 2 * _AT_ONCE:
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    take(done)
                under_way.add(pool.submit(self._bring, item))
            take(wait(under_way).done)
        return moved

    def delete_source(self, on_done: Callable[[int], None]) -> int:
        """Deletes at the source what lies at the target; returns how many files are left at the source."""
        left = 0
        for item in list(self._files()):
            if self._is_there(item):
                self._source.delete(item.key)
                on_done(item.size)
            else:
                left += 1
        return left

    def _files(self) -> Iterator[StoredObject]:
        cursor = None
        while True:
            page = self._source.list(cursor=cursor)
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return

    def _is_there(self, item: StoredObject) -> bool:
        try:
            return self._target.stat(item.key).size == item.size
        except NotFound:
            return False

    def _bring(self, item: StoredObject) -> tuple[StoredObject, bool]:
        """The file, and whether it had to be copied."""
        again = retry_if_exception(lambda error: isinstance(error, StorageError) and error.retryable)
        try:
            for attempt in Retrying(
                retry=again,
                stop=stop_after_attempt(_TRIES),
                wait=wait_random_exponential(max=5),
                reraise=True,
            ):
                with attempt:
                    return item, self._bring_once(item)
        except NotFound:
            return item, False  # deleted meanwhile: nobody needs it any more
        except StorageError as error:
            raise _Broken(f"{item.key}: {error.message} {error.hint}".strip()) from error
        raise AssertionError("not reached")

    def _bring_once(self, item: StoredObject) -> bool:
        if self._is_there(item):
            return False
        known = self._known(item.key)
        content_type = known.content_type if known is not None else self._source.stat(item.key).content_type
        stored = self._target.put(item.key, self._source.open(item.key), content_type)
        if known is not None and known.sha256 and stored.sha256 != known.sha256:
            self._target.delete(item.key)
            raise _Broken(f"{item.key}: its content is not what was stored once. It was left where it is.")
        return True

    def _known(self, key: str) -> Asset | None:
        with self._uow.read() as work:
            return work.session.exec(select(Asset).where(col(Asset.storage_key) == key).limit(1)).first()


class _Broken(Exception):
    """A file that could not be copied; the text says which and why."""
