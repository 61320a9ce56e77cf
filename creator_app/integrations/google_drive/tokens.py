"""What comes out of a person's consent. Knows no client library, so that services may import it quickly."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from creator_app.errors import CreatorError, Forbidden

#: All files of a Drive, or only those that we made or that were picked for us.
DRIVE_SCOPE: Final = "https://www.googleapis.com/auth/drive"
FILE_SCOPE: Final = "https://www.googleapis.com/auth/drive.file"


@dataclass(frozen=True)
class Tokens:
    """Tokens of a grant; never shown.

    Attributes:
        access: sent with each call.
        expires_at: of the access token.
        refresh: gives the next access token; ``None`` where Google sent none again.
        scopes: what was granted, which may be less than was asked for.
    """

    access: str
    expires_at: datetime
    refresh: str | None
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Tokens(expires_at={self.expires_at:%H:%M:%S}, scopes={self.scopes})"


@dataclass(frozen=True)
class GooglePerson:
    """Whose Drive it is.

    Attributes:
        subject: stays the same, even if the e-mail changes.
    """

    subject: str
    email: str | None


class ConsentRefused(Forbidden):
    """The person said no at Google, or left out what is needed."""

    code = "drive_not_allowed"
    default_message = "Google Drive was not connected: you did not allow it."
    default_hint = "Connect it again, and leave the box for Google Drive ticked."


class ConsentBroken(CreatorError):
    """The way to Google and back did not work out: too late, used already, or begun elsewhere."""

    code = "drive_connect_failed"
    status = 400
    default_message = "Connecting Google Drive did not work."
    default_hint = "Begin again on the Folders page."


class Consent(Protocol):
    """Google's side of connecting: asking, trading in, renewing, giving back."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """What people are asked for."""

    def authorize_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """Where the person is sent."""

    def exchange(self, redirect_uri: str, code: str, verifier: str) -> Tokens:
        """Tokens for the code that the person came back with.

        Raises:
            ConsentBroken: the code is none, or was used.
            ConsentRefused: what is needed was not allowed.
            PlaceBusy: Google does not answer.
        """

    def refresh(self, refresh_token: str) -> Tokens:
        """A new access token.

        Raises:
            AccessEnded: the grant does not hold any more.
            PlaceBusy: Google does not answer.
        """

    def person(self, access_token: str) -> GooglePerson:
        """Whose grant it is.

        Raises:
            PlaceBusy: Google does not answer.
        """

    def revoke(self, token: str) -> bool:
        """Gives a grant back; whether Google took it, or knew it no more."""
