"""What can go wrong at a place for dropped files, sorted by what helps."""

from typing import ClassVar

from creator_app.errors import CreatorError


class PlaceError(CreatorError):
    """Something at the place failed.

    Args:
        message: a sentence for the person whose folder it is.
        hint: what they can do.
        detail: what the place said, for the operator; without secrets.

    Attributes:
        retryable: whether the same call may work later.
    """

    code: ClassVar[str] = "folder_error"
    status: ClassVar[int] = 503
    default_message = "The folder can't be reached just now."
    default_hint = "We try again by ourselves."
    retryable = True

    def __init__(self, message: str | None = None, *, hint: str | None = None, detail: str = "") -> None:
        super().__init__(message, hint=hint)
        self.detail = detail


class PlaceBusy(PlaceError):
    """The place does not answer, or asks us to slow down.

    Attributes:
        retry_after_s: seconds that it wants to be left alone, where it says so.
        slow_down: it was a limit on how much we ask, not a fault.
    """

    code = "folder_busy"

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        detail: str = "",
        retry_after_s: float | None = None,
        slow_down: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, detail=detail)
        self.retry_after_s = retry_after_s
        self.slow_down = slow_down


class PlaceFull(PlaceError):
    """There is no space left for a file."""

    code = "folder_full"
    default_message = "There is no space left there for your result."
    default_hint = "Make some space; we keep the result here and try again by ourselves."


class PlaceRefused(PlaceError):
    """The place will never allow this."""

    code = "folder_refused"
    status = 403
    retryable = False
    default_message = "We are not allowed to do this in your folder."
    default_hint = "Check who may write there, or choose another folder."


class EntryGone(PlaceError):
    """The file or folder is not there any more, is in the trash, or can't be seen by us."""

    code = "folder_entry_gone"
    status = 404
    retryable = False
    default_message = "This file or folder is not there any more."
    default_hint = "It may have been moved or deleted."


class NameTaken(PlaceError):
    """Another file has this name in the meantime: reserve another one."""

    code = "folder_name_taken"
    status = 409
    default_message = "Another file has this name."


class AccessEnded(PlaceError):
    """The person took our access back, or it ran out: nothing works until they connect again."""

    code = "folder_disconnected"
    status = 403
    retryable = False
    default_message = "We have no access to your Google Drive any more."
    default_hint = "Connect it again on the Folders page: everything goes on where it stopped."
