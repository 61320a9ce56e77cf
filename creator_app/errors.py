"""Creator's own errors: each has a sentence for people, a hint what to do, a code and an HTTP status.

::

    CreatorError                500  internal_error
      BadCredentials            401  bad_credentials
      Conflict                  409  conflict
        InvalidTransition       409  invalid_transition
        LeaseLost               409  lease_lost
      EncryptionError           500  encryption_error
      Forbidden                 403  forbidden
        SignupClosed            403  signup_closed
      InvalidInput              422  invalid_input
      NotFound                  404  not_found
      NotSignedIn               401  not_signed_in
      QuotaExceeded             402  quota_exceeded
      RateLimited               429  rate_limited       retryable
      TooLarge                  413  too_large
      Unavailable               503  unavailable        retryable
        StorageError            503  storage_error      retryable unless told otherwise

ComfyUI's errors derive from `CreatorError` beside their client. Nothing here may import another module of
Creator: everybody imports this one.
"""

from typing import ClassVar


class CreatorError(Exception):
    """Something went wrong that a person can be told about.

    Args:
        message: one sentence for people, without technical detail; the class's own when left out.
        hint: what they can do about it.
        fields: what is wrong with each input, by its name.

    Attributes:
        code: the error's name for programs, in snake_case.
        status: the HTTP status that fits.
        retryable: whether the same thing may work a little later.
    """

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    retryable: bool = False
    default_message: ClassVar[str] = "Something went wrong on our side."
    default_hint: ClassVar[str] = "Try again in a moment."

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, fields: dict[str, str] | None = None
    ) -> None:
        self.message = self.default_message if message is None else message
        self.hint = self.default_hint if hint is None else hint
        self.fields = fields
        super().__init__(self.message)

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are rebuilt from their positional arguments alone; RQ pickles them between processes.
        return type(self), (self.message,), {**self.__dict__}


class NotFound(CreatorError):
    """What was asked for is not there, or not for this person: both look the same from outside."""

    code = "not_found"
    status = 404
    default_message = "This was not found."
    default_hint = "It may have been deleted, or belong to somebody else."


class Forbidden(CreatorError):
    """The person is known, and may not do this."""

    code = "forbidden"
    status = 403
    default_message = "You may not do this."
    default_hint = "Ask an administrator of this Creator."


class SignupClosed(Forbidden):
    """New accounts are not open to everybody here."""

    code = "signup_closed"
    default_message = "Sign-up is closed here."
    default_hint = "Ask the person who runs this Creator for an invitation."


class NotSignedIn(CreatorError):
    """Nobody is signed in, or the session has ended."""

    code = "not_signed_in"
    status = 401
    default_message = "You are not signed in."
    default_hint = "Sign in and try again."


class BadCredentials(CreatorError):
    """The e-mail or the password is wrong; it is never said which."""

    code = "bad_credentials"
    status = 401
    default_message = "E-mail or password is wrong."
    default_hint = "Check both and try again."


class InvalidInput(CreatorError):
    """What was sent can't be used as it is."""

    code = "invalid_input"
    status = 422
    default_message = "Something that was entered is not right."
    default_hint = "Correct it and try again."


class TooLarge(CreatorError):
    """A file or a picture is bigger than allowed."""

    code = "too_large"
    status = 413
    default_message = "This file is too large."
    default_hint = "Use a smaller one."


class Conflict(CreatorError):
    """The request does not fit what is already there."""

    code = "conflict"
    status = 409
    default_message = "This does not fit what is already there."
    default_hint = "Load the page again and look."


class InvalidTransition(Conflict):
    """A job can't go from its state to the wanted one."""

    code = "invalid_transition"
    default_message = "The job's state does not allow this."


class LeaseLost(Conflict):
    """This attempt is not the valid one any more: its runner must stop, and may change nothing."""

    code = "lease_lost"
    default_message = "Another worker has taken this job over."


class QuotaExceeded(CreatorError):
    """The plan's quota is used up."""

    code = "quota_exceeded"
    status = 402
    default_message = "Your plan's quota is used up."
    default_hint = "Wait for the next period or choose a bigger plan."


class RateLimited(CreatorError):
    """Too many requests in a short time.

    Attributes:
        retry_after_s: seconds until the next one is let through, where known.
    """

    code = "rate_limited"
    status = 429
    retryable = True
    default_message = "That was too much in a short time."
    default_hint = "Wait a moment and try again."

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        fields: dict[str, str] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, fields=fields)
        self.retry_after_s = retry_after_s


class Unavailable(CreatorError):
    """A part that is needed does not answer just now."""

    code = "unavailable"
    status = 503
    retryable = True
    default_message = "A part of Creator is not available just now."


class StorageError(Unavailable):
    """A file could not be written or read.

    Args:
        retryable: ``False`` where trying again can't help, such as a bad key.
    """

    code = "storage_error"
    default_message = "The file could not be stored or read."

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        fields: dict[str, str] | None = None,
        retryable: bool = True,
    ) -> None:
        super().__init__(message, hint=hint, fields=fields)
        self.retryable = retryable


class EncryptionError(CreatorError):
    """A stored secret can't be decrypted: it was changed, or its key is not among ours."""

    code = "encryption_error"
    default_message = "A stored secret can't be read."
    default_hint = "Check that ENCRYPTION_KEYS still holds the key that it was encrypted with."
