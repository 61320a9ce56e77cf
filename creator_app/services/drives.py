"""Google Drive as a whole: grants, places, folders and channels, put together from the settings."""

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, Protocol
from uuid import UUID

from sqlmodel import col, select

from creator_app.infrastructure.rate_limit import RateLimiter
from creator_app.integrations.drop_folders.errors import AccessEnded
from creator_app.models import DropFolder, DropSource
from creator_app.services.drive_channels import DriveChannels
from creator_app.services.drive_folders import DriveFolderKeeper
from creator_app.services.drive_grants import DriveGrants, Secrets
from creator_app.services.drive_pace import DrivePace
from creator_app.services.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from creator_app.integrations.google_drive.place import GoogleDrivePlace
    from creator_app.integrations.google_drive.tokens import Consent

#: For so long a token is used without asking the database whether there is a newer one.
_TOKEN_KEPT_S: Final = 20.0


class DriveSettings(Protocol):
    """What of the settings is about Google."""

    google_client_id: str | None
    google_api_url: str
    google_auth_url: str
    google_token_url: str
    google_revoke_url: str
    google_userinfo_url: str
    google_drive_scope: Literal["drive", "file"]
    drive_rate: str
    drive_rate_each: str
    public_url: str | None

    @property
    def google_client_secret_value(self) -> str | None:
        """The client secret itself."""


class Drives:
    """What this process needs for people's Drives; made on first use, as Google's libraries load slowly.

    Args:
        settings: addresses, the OAuth client, the pace.
        uow: opens transactions.
        secret: encrypts tokens.
        limiter: counts calls for all processes.
    """

    def __init__(
        self, settings: DriveSettings, uow: UnitOfWork, secret: Secrets, limiter: RateLimiter
    ) -> None:
        self._settings = settings
        self._uow = uow
        self._secret = secret
        self._pace = DrivePace(limiter, settings.drive_rate, settings.drive_rate_each)

    @cached_property
    def grants(self) -> DriveGrants:
        """People's grants."""
        return DriveGrants(self._uow, self._secret, self._consent())

    @cached_property
    def folders(self) -> DriveFolderKeeper:
        """Drop folders in Drives."""
        return DriveFolderKeeper(self._uow, self.place)

    @cached_property
    def channels(self) -> DriveChannels:
        """Push channels."""
        return DriveChannels(self._uow, self.place, self._settings.public_url, self._settings.google_api_url)

    def place(self, source: DropSource) -> "GoogleDrivePlace":
        """The Drive of a source: cheap to make, good for several threads, may be kept.

        Raises:
            AccessEnded: the source has no grant.
        """
        from creator_app.integrations.google_drive.api import DriveApi
        from creator_app.integrations.google_drive.place import GoogleDrivePlace

        if source.grant_id is None:
            raise AccessEnded(detail="the source has no grant")
        token = _GrantToken(self.grants, source.grant_id)
        api = DriveApi(self._settings.google_api_url, token, self._pace.of(source.grant_id))
        source_id = source.id
        return GoogleDrivePlace(api, lambda: self._shared_drives(source_id))

    def disconnect(self, account_id: UUID, grant_id: UUID | None = None) -> bool:
        """Stops the channels, gives the grants back, forgets the tokens; see `DriveGrants.disconnect`."""
        with self._uow.read() as work:
            statement = select(DropSource).where(
                DropSource.account_id == account_id, DropSource.kind == "drive", DropSource.state == "ok"
            )
            sources = [one for one in work.session.exec(statement) if grant_id in (None, one.grant_id)]
        for source in sources:
            self.channels.stop(source)
        return self.grants.disconnect(account_id, grant_id)

    def _shared_drives(self, source_id: UUID) -> set[str]:
        with self._uow.read() as work:
            statement = select(DropFolder.drive_id).where(
                DropFolder.source_id == source_id,
                col(DropFolder.enabled),
                col(DropFolder.drive_id).is_not(None),
            )
            return {one for one in work.session.exec(statement) if one}

    def _consent(self) -> "Consent | None":
        secret = self._settings.google_client_secret_value
        if not self._settings.google_client_id or not secret:
            return None
        from creator_app.integrations.google_drive.oauth import GoogleConsent

        return GoogleConsent(
            client_id=self._settings.google_client_id,
            client_secret=secret,
            auth_url=self._settings.google_auth_url,
            token_url=self._settings.google_token_url,
            revoke_url=self._settings.google_revoke_url,
            userinfo_url=self._settings.google_userinfo_url,
            scope=self._settings.google_drive_scope,
        )


class _GrantToken:
    """A grant's access token, looked up anew every few seconds; see `google_drive.api.Token`."""

    def __init__(self, grants: DriveGrants, grant_id: UUID) -> None:
        self._grants = grants
        self._grant_id = grant_id
        self._lock = threading.Lock()
        self._known: tuple[str, float] | None = None

    def __call__(self, stale: str | None = None) -> str:
        known = self._known
        if known is not None and known[0] != stale and time.monotonic() < known[1]:
            return known[0]
        with self._lock:  # threads of this process wait for one another here, not at the database
            known = self._known
            if known is not None and known[0] != stale and time.monotonic() < known[1]:
                return known[0]
            self._known = None
            token = self._grants.access_token(self._grant_id, stale)
            self._known = (token, time.monotonic() + _TOKEN_KEPT_S)
            return token
