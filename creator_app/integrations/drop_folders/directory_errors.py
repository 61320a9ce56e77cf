"""Turns what the system says about a file into what helps a person."""

import errno
from typing import Final

from creator_app.integrations.drop_folders.errors import (
    EntryGone,
    NameTaken,
    PlaceBusy,
    PlaceError,
    PlaceFull,
    PlaceRefused,
)

_GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EILSEQ})


def away(detail: str) -> PlaceBusy:
    """The whole directory is not there: its disk may come back."""
    return PlaceBusy(
        "The watched folder is not there just now.",
        hint="Is its disk connected? Everything goes on by itself when it is.",
        detail=detail,
    )


def unusable(sentence: str, error: OSError) -> PlaceBusy:
    """A directory that can't be worked with, for its operator, who may mend that."""
    return PlaceBusy(
        f"{sentence}: {error.strerror or error}.",
        hint="Let the user that Creator runs as write there, or set WATCH_DIR to another directory, or off.",
    )


def unreadable(name: str) -> PlaceRefused:
    """A file that only others may read."""
    return PlaceRefused(
        f"We are not allowed to read {name}.",
        hint="Let the user that Creator runs as read it: it is taken then.",
    )


def place_error(error: OSError) -> PlaceError:
    """The error to raise for one of the system's; a disk that fails is tried again later."""
    detail = f"{error.strerror or error} (errno {error.errno})"
    if isinstance(error, FileExistsError):
        return NameTaken(detail=detail)
    if error.errno in _GONE:
        return EntryGone(detail=detail)
    if error.errno in _FULL:
        return PlaceFull(detail=detail)
    if error.errno in _REFUSED:
        return PlaceRefused(detail=detail)
    return PlaceBusy("The watched folder can't be reached just now.", detail=detail)
