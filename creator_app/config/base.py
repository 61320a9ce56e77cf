"""Every setting, with its default and its rule. The environment's names are the fields' in capitals."""

import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from creator_app.config import checks
from creator_app.config.secret_files import made_once

WebUrl = Annotated[str, AfterValidator(checks.web_url)]


class GoogleSettings(BaseSettings):
    """Sign-in with Google and Google Drive; the addresses can point to another server."""

    google_client_id: str | None = None
    google_client_secret: SecretStr | None = None
    google_api_url: WebUrl = "https://www.googleapis.com"
    google_auth_url: WebUrl = "https://accounts.google.com/o/oauth2/v2/auth"
    google_token_url: WebUrl = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address, no password)
    # Where unset, these follow from the addresses above.
    google_revoke_url: WebUrl = ""
    google_certs_url: WebUrl = ""
    google_userinfo_url: WebUrl = ""
    google_issuer: WebUrl = ""
    # Calls of Google Drive: of all people together, and of each.
    drive_rate: Annotated[str, AfterValidator(checks.rate)] = "100/second"
    drive_rate_each: Annotated[str, AfterValidator(checks.rate)] = "10/second"

    @model_validator(mode="after")
    def _derive_google(self) -> "GoogleSettings":
        self.google_revoke_url = self.google_revoke_url or _origin(self.google_token_url) + "/revoke"
        self.google_certs_url = self.google_certs_url or _origin(self.google_api_url) + "/oauth2/v3/certs"
        self.google_userinfo_url = (
            self.google_userinfo_url or _origin(self.google_api_url) + "/oauth2/v3/userinfo"
        )
        self.google_issuer = self.google_issuer or _origin(self.google_auth_url)
        if bool(self.google_client_id) != bool(self.google_client_secret):
            raise ValueError("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET must be set together.")
        return self

    @property
    def google_client_secret_value(self) -> str | None:
        """The client secret itself."""
        return _plain(self.google_client_secret)


class StripeSettings(BaseSettings):
    """Payment; the address can point to another server."""

    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_api_url: WebUrl = "https://api.stripe.com"

    @model_validator(mode="after")
    def _check_stripe(self) -> "StripeSettings":
        if bool(self.stripe_secret_key) != bool(self.stripe_webhook_secret):
            raise ValueError("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET must be set together.")
        return self

    @property
    def stripe_secret_key_value(self) -> str | None:
        """The secret key itself."""
        return _plain(self.stripe_secret_key)

    @property
    def stripe_webhook_secret_value(self) -> str | None:
        """The webhook's secret itself."""
        return _plain(self.stripe_webhook_secret)


class Settings(GoogleSettings, StripeSettings):
    """How this Creator runs. Its text form never shows a secret.

    Addresses that can hold a password are left out of the text form, too.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    environment: Literal["development", "testing", "production"] = "development"
    creator_home: Path = Field(default=Path(".creator"), validate_default=True)
    port: int = Field(default=3000, ge=1, le=65535)
    public_url: WebUrl | None = None

    # Each part is swapped by one of these; "" stands for the embedded one below CREATOR_HOME.
    database_url: Annotated[str, AfterValidator(checks.database_url)] = Field(default="", repr=False)
    redis_url: Annotated[str, AfterValidator(checks.redis_url)] | None = Field(default=None, repr=False)
    storage_url: Annotated[str, AfterValidator(checks.storage_url)] = Field(default="", repr=False)
    comfyui_servers: Annotated[list[WebUrl], NoDecode, BeforeValidator(checks.list_of)] = Field(
        default_factory=list, repr=False
    )
    smtp_url: Annotated[str, AfterValidator(checks.smtp_url)] | None = Field(default=None, repr=False)
    mail_from: str | None = None

    signup: Literal["open", "invite", "closed"] = "open"
    secret_key: SecretStr | None = Field(default=None, min_length=16)
    encryption_keys: Annotated[list[SecretStr], NoDecode, BeforeValidator(checks.list_of)] = Field(
        default_factory=list
    )

    workers: int = Field(default=2, ge=0, le=64)
    lease_seconds: float = Field(default=10, gt=0, le=3600)
    sweep_seconds: float = Field(default=2, gt=0, le=5)
    session_days: int = Field(default=30, ge=1, le=365)
    # Off: pages live by their loads and slow refreshes alone; every one must still tell the truth.
    creator_hub: bool = True
    max_upload_bytes: int = Field(default=100_000_000, ge=1)
    max_pixels: int = Field(default=100_000_000, ge=1)
    # On: results keep the whole prompt that ComfyUI writes into them, for everybody who has the file.
    keep_metadata: bool = False

    # What is dropped into its sub-folders becomes jobs; "off" for none, "" for the one below CREATOR_HOME.
    watch_dir: Annotated[str, AfterValidator(checks.watch_dir)] = ""
    # Whose jobs these are, by e-mail; the first admin's where unset.
    watch_account: Annotated[str, AfterValidator(checks.address)] | None = None
    # A file counts as whole when it has looked the same for so long.
    watch_rest_seconds: float = Field(default=2, ge=0.1, le=600)
    # For folders whose changes the system does not tell of, such as a NAS.
    watch_polling: Literal["auto", "on", "off"] = "auto"

    # How often a connected Drive is asked for changes: the shortest, and the longest when nothing happens.
    drive_poll_seconds: float = Field(default=10, ge=1, le=3600)
    drive_poll_max_seconds: float = Field(default=60, ge=1, le=3600)
    # Every so often all drop folders are listed, whatever was told of changes.
    drive_listing_seconds: float = Field(default=300, ge=5, le=86_400)
    # drive sees every file in a drop folder; file sees only what Creator made or the person picked.
    google_drive_scope: Literal["drive", "file"] = "drive"

    log_level: Annotated[str, AfterValidator(checks.log_level)] = "INFO"
    log_json: bool = False
    # For tests that prove that a crash loses nothing; see infrastructure/crash_points.py.
    crash_points_dir: Path | None = None

    @model_validator(mode="after")
    def _check_pace(self) -> "Settings":
        if self.drive_poll_max_seconds < self.drive_poll_seconds:
            raise ValueError("DRIVE_POLL_MAX_SECONDS must not be less than DRIVE_POLL_SECONDS.")
        return self

    @model_validator(mode="after")
    def _fill_in(self) -> "Settings":
        self.creator_home = self.creator_home.expanduser().absolute()
        self.database_url = self.database_url or f"sqlite:///{self.creator_home / 'creator.db'}"
        self.storage_url = self.storage_url or (self.creator_home / "storage").as_uri()
        return self

    @model_validator(mode="after")
    def _check_watch_dir(self) -> "Settings":
        root = self.watch_root
        if root is not None and self.creator_home.is_relative_to(root):
            raise ValueError("WATCH_DIR must not be CREATOR_HOME, nor a folder that holds it.")
        return self

    @model_validator(mode="after")
    def _check_files_apart(self) -> "Settings":
        public = parse_qs(urlsplit(self.storage_url).query).get("public", [""])[-1]
        if public and self.public_url and urlsplit(public).netloc == urlsplit(self.public_url).netloc:
            raise ValueError("STORAGE_URL must not give PUBLIC_URL as public=: files come from another host.")
        return self

    @property
    def watch_root(self) -> Path | None:
        """The watched folder, if there is one."""
        if self.watch_dir == "off":
            return None
        return Path(self.watch_dir).expanduser().absolute() if self.watch_dir else self.creator_home / "drop"

    @cached_property
    def secret_key_value(self) -> str:
        """Signs addresses and codes; made once where unset.

        Raises:
            SettingsError: it could not be made.
        """
        return _plain(self.secret_key) or made_once(self._secret_file("secret.key"))

    @cached_property
    def encryption_key_values(self) -> list[str]:
        """The first encrypts, all decrypt; made once where unset.

        Raises:
            SettingsError: it could not be made.
        """
        given = [key.get_secret_value() for key in self.encryption_keys]
        return given or [made_once(self._secret_file("encryption.key"))]

    @cached_property
    def instance(self) -> str:
        """Eight hex characters that tell this Creator from another one on the same host, in cookie names.

        Raises:
            SettingsError: it could not be made.
        """
        return made_once(self._secret_file("instance"), lambda: secrets.token_hex(4))

    def redis_url_for(self, db: int) -> str:
        """The address of one database: 0 for tickets, 1 for live progress, 2 for Reflex.

        Where REDIS_URL is unset no embedded Valkey runs either (`up` sets it for its parts): the address is
        then one where nothing answers, and whoever uses it does without.
        """
        if self.redis_url is None:
            return f"unix://{quote(str(self.creator_home / 'run' / 'valkey.sock'))}?db={db}"
        if self.redis_url.startswith("unix:"):
            return f"{self.redis_url.partition('?')[0]}?db={db}"
        return urlunsplit(urlsplit(self.redis_url)._replace(path=f"/{db}"))

    def _secret_file(self, name: str) -> Path:
        return self.creator_home / "secrets" / name


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
