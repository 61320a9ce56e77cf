"""A person, a Creator's database, and a Google of our own: everything real but the internet."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from sqlmodel import select

from creator_app.infrastructure.database import Database
from creator_app.infrastructure.encryption import Encryptor
from creator_app.infrastructure.rate_limit import RateLimiter
from creator_app.integrations.drop_folders import Upload
from creator_app.integrations.google_drive.api import DriveApi
from creator_app.integrations.google_drive.place import GoogleDrivePlace
from creator_app.models import Account, DropSource, OAuthGrant, User
from creator_app.services import recipes
from creator_app.services.drive_grants import Connected, Returned
from creator_app.services.drives import Drives
from creator_app.services.unit_of_work import Message, UnitOfWork
from tests.peers.drive import DriveServer

SESSION = "the session of Ana's browser"
BACK = "http://localhost:3000/api/v1/drive/callback"
RECIPE = "square-post"


def place_of(drive: DriveServer, email: str = "ana@example.com", **options: Any) -> GoogleDrivePlace:
    """A Drive without a database: with a token that holds."""
    tokens = drive.user(email).grant(["drive"])
    return GoogleDrivePlace(DriveApi(drive.url, lambda stale=None: tokens.access, timeout_s=5), **options)


def upload(place: GoogleDrivePlace, folder_id: str, data: bytes, name: str = "result.png") -> Upload:
    return Upload(
        id=place.reserve(folder_id, name),
        folder_id=folder_id,
        name=name,
        size=len(data),
        content_type="image/png",
        md5=hashlib.md5(data).hexdigest(),
        description="Square post, made 2026-01-01.",
        properties={"creator_job_id": "job-1", "creator_output": "0"},
    )


@dataclass
class Rules:
    """The settings about Google."""

    google_api_url: str
    google_auth_url: str
    google_token_url: str
    google_revoke_url: str
    google_userinfo_url: str
    google_client_id: str | None
    google_client_secret_value: str | None
    google_drive_scope: Literal["drive", "file"] = "drive"
    drive_rate: str = "1000/second"
    drive_rate_each: str = "1000/second"
    public_url: str | None = None

    @classmethod
    def of(cls, drive: DriveServer) -> "Rules":
        said = {name.lower(): value for name, value in drive.environ().items()}
        said["google_client_secret_value"] = said.pop("google_client_secret")
        del said["google_issuer"]
        return cls(**said)  # type: ignore[arg-type]


class Heard:
    """Keeps what is announced."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def announce(self, message: Message) -> None:
        self.messages.append(message)


class World:
    """One person with a session, and what a process of Creator has for Drives."""

    def __init__(self, url: str, drive: DriveServer, rules: Rules | None = None) -> None:
        self.drive, self.url = drive, url
        self.database = Database(url)
        self.heard = Heard()
        self.uow = UnitOfWork(self.database, self.heard)
        self.secret = Encryptor(["a key for tests"])
        self.rules = rules or Rules.of(drive)
        self.drives = self.process()
        with self.uow.write() as work:
            account = Account(name="ana")
            work.session.add(account)
            work.session.flush()
            self.user = User(account_id=account.id, email="ana@creator.example")
            work.session.add(self.user)

    def process(self, **changed: Any) -> Drives:
        """What another process has, with nothing remembered."""
        return Drives(replace(self.rules, **changed), self.uow, self.secret, RateLimiter())

    def go_to_google(self, email: str = "ana@example.com", scopes: set[str] | None = None) -> Returned:
        """Ana's browser goes to Google, agrees, and comes back with what Google gave her."""
        self.drive.user(email)
        self.drive.auto_approve, self.drive.auto_scopes = email, scopes
        url = self.drives.grants.begin(self.user.id, SESSION, BACK, "/folders")
        return came_back(httpx.get(url).headers["location"])

    def connect(self, email: str = "ana@example.com", scopes: set[str] | None = None) -> Connected:
        return self.drives.grants.finish(self.user, SESSION, self.go_to_google(email, scopes), BACK)

    def grant(self, grant_id: UUID) -> OAuthGrant:
        with self.uow.read() as work:
            found = work.session.get(OAuthGrant, grant_id)
            assert found is not None
            return found

    def source(self, grant_id: UUID) -> DropSource:
        with self.uow.read() as work:
            return work.session.exec(select(DropSource).where(DropSource.grant_id == grant_id)).one()

    def rows(self, model: type[Any]) -> list[Any]:
        with self.uow.read() as work:
            return list(work.session.exec(select(model)))

    @contextmanager
    def changing(self, model: type[Any], row_id: UUID) -> Iterator[Any]:
        with self.uow.write() as work:
            row = work.session.get(model, row_id)
            yield row
            work.session.add(row)

    def with_recipes(self) -> "World":
        with self.uow.write() as work:
            recipes.sync_shipped(work)
        return self

    def close(self) -> None:
        self.database.engine.dispose()


def came_back(location: str) -> Returned:
    told = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    return Returned(told.get("state"), told.get("code"), told.get("error"))
