"""Access to people's Google Drives: got, renewed, noticed when it ends, given back.

No transaction waits for Google: what is to be asked is written down first, the answer afterwards, and only if
it still belongs to the consent that it was asked for.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from creator_app.errors import CreatorError
from creator_app.infrastructure.crash_points import crash_point
from creator_app.infrastructure.database import db_now
from creator_app.infrastructure.logging import get_logger
from creator_app.integrations.drop_folders.errors import AccessEnded, PlaceBusy
from creator_app.integrations.google_drive.tokens import (
    Consent,
    ConsentBroken,
    ConsentRefused,
    GooglePerson,
    Tokens,
)
from creator_app.models import DropSource, OAuthFlow, OAuthGrant, Outbox, User
from creator_app.models.base import new_id
from creator_app.repositories.drops import DropFolderRepository, DropSourceRepository
from creator_app.repositories.oauth_grants import OAuthFlowRepository, OAuthGrantRepository
from creator_app.services import drop_sources
from creator_app.services.credentials import hash_secret
from creator_app.services.unit_of_work import FoldersChanged, UnitOfWork, Work

log = get_logger(__name__)

PURPOSE: Final = "drive"
_FLOW_LIFETIME: Final = timedelta(minutes=10)
#: Longer than Google's client library may take over a renewal with its own retries.
_REFRESH_LEASE: Final = timedelta(seconds=75)
_WAIT_S: Final = 20.0
_ASK_AGAIN_S: Final = 0.1


class GoogleNotSetUp(CreatorError):
    """The operator has not connected this Creator to Google."""

    code = "google_not_set_up"
    status = 409
    default_message = "Google Drive is not set up on this Creator."
    default_hint = (
        "Its operator must set GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET; docs/drive.md says how to get them."
    )


class Secrets(Protocol):
    """Encrypts what must not be read from a stolen database."""

    def encrypt(self, text: str) -> str:
        """A text that only we can read."""

    def decrypt(self, ciphertext: str) -> str:
        """The text again."""


def proof_of_user(user_id: UUID) -> str:
    """What a way to Google is bound to that a program began: any session of the same person may end it."""
    return f"user:{user_id}"


@dataclass(frozen=True)
class Returned:
    """A person who came back from Google.

    Attributes:
        state: what we sent along.
        code: to be traded in for tokens; ``None`` where they said no.
        error: Google's name for what went wrong.
    """

    state: str | None
    code: str | None
    error: str | None


@dataclass(frozen=True)
class Connected:
    """A Drive that was just connected.

    Attributes:
        return_to: the page that the person came from.
    """

    grant_id: UUID
    source_id: UUID
    return_to: str


class DriveGrants:
    """Keeps grants for Drive.

    Args:
        uow: opens transactions.
        secret: encrypts tokens.
        consent: Google's side; ``None`` where Google is not set up.
    """

    def __init__(self, uow: UnitOfWork, secret: Secrets, consent: Consent | None) -> None:
        self._uow = uow
        self._secret = secret
        self._consent_or_none = consent

    @property
    def is_set_up(self) -> bool:
        """Whether people can connect a Drive."""
        return self._consent_or_none is not None

    @property
    def _consent(self) -> Consent:
        if self._consent_or_none is None:
            raise GoogleNotSetUp()
        return self._consent_or_none

    # connecting

    def begin(self, user_id: UUID, session: str, redirect_uri: str, return_to: str) -> str:
        """Sends a person on their way to Google.

        Args:
            user_id: who wants to connect.
            session: what proves that it is they who come back; only its hash is kept.
            redirect_uri: where Google sends them back to.
            return_to: the page to show afterwards.

        Returns:
            The address to open.

        Raises:
            GoogleNotSetUp: there is no OAuth client.
        """
        consent = self._consent
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        encrypted = self._secret.encrypt(verifier)
        with self._uow.write() as work:
            now = db_now(work.session)
            OAuthFlowRepository(work.session).forget_old(now)
            work.session.add(
                OAuthFlow(
                    state_hash=hash_secret(state),
                    session_hash=hash_secret(session),
                    user_id=user_id,
                    purpose=PURPOSE,
                    scopes=" ".join(consent.scopes),
                    verifier_encrypted=encrypted,
                    return_to=return_to,
                    expires_at=now + _FLOW_LIFETIME,
                )
            )
        return consent.authorize_url(redirect_uri, state, verifier)

    def finish(self, user: User, session: str, returned: Returned, redirect_uri: str) -> Connected:
        """Takes a person in who came back from Google, and goes on where an earlier grant stopped.

        Args:
            user: who came back.
            session: as in `begin`.
            returned: what they brought.
            redirect_uri: as in `begin`.

        Raises:
            ConsentBroken: this way was not begun here, is too old, or was used.
            ConsentRefused: they did not allow what is needed.
            PlaceBusy: Google does not answer.
        """
        consent = self._consent
        flow = self._used(user, session, returned.state)
        if returned.error == "access_denied":
            raise ConsentRefused()
        if returned.error or not returned.code:
            raise ConsentBroken(hint=f"Google said: {(returned.error or 'nothing')[:60]}. Begin again.")
        verifier = self._secret.decrypt(flow.verifier_encrypted)
        tokens = consent.exchange(redirect_uri, returned.code, verifier)
        person = consent.person(tokens.access)
        crash_point("drive.after_exchange")
        try:
            grant_id, source_id = self._keep(user, person, tokens)
        except IntegrityError:  # the same account was connected twice at this very moment
            grant_id, source_id = self._keep(user, person, tokens)
        return Connected(grant_id, source_id, flow.return_to)

    def _used(self, user: User, session: str, state: str | None) -> OAuthFlow:
        """The flow of a state, which can't be used a second time from now on."""
        with self._uow.write() as work:
            flow = OAuthFlowRepository(work.session).by_state(hash_secret(state)) if state else None
            proofs = {hash_secret(session), hash_secret(proof_of_user(user.id))}
            if flow is None or flow.user_id != user.id or flow.session_hash not in proofs:
                raise ConsentBroken(
                    "This way to Google was used already, or not begun in this browser.",
                    hint="Begin again on the Folders page.",
                )
            late = flow.expires_at <= db_now(work.session)
            work.session.delete(flow)
        if late:
            raise ConsentBroken("That took too long.", hint="Begin again on the Folders page.")
        return flow

    def _keep(self, user: User, person: GooglePerson, tokens: Tokens) -> tuple[UUID, UUID]:
        access = self._secret.encrypt(tokens.access)
        refresh = self._secret.encrypt(tokens.refresh) if tokens.refresh else None
        with self._uow.write(durable=True) as work:
            grant = OAuthGrantRepository(work.session).drive_of(user.account_id, person.subject)
            if grant is None:
                grant = OAuthGrant(
                    id=new_id(),
                    user_id=user.id,
                    account_id=user.account_id,
                    provider="google",
                    purpose=PURPOSE,
                    subject=person.subject,
                )
            if refresh is None and grant.refresh_token_encrypted is None:
                raise ConsentBroken(
                    "Google gave no lasting access.",
                    hint="Remove Creator at https://myaccount.google.com/permissions and connect again.",
                )
            grant.email = person.email
            grant.scopes = " ".join(tokens.scopes)
            grant.access_token_encrypted = access
            grant.refresh_token_encrypted = refresh or grant.refresh_token_encrypted
            grant.expires_at = tokens.expires_at
            grant.state = "active"
            grant.generation += 1
            grant.refresh_token_lease = grant.refresh_until = grant.last_error = None
            work.session.add(grant)
            work.session.flush()
            return grant.id, _open_source(work, grant).id

    # using

    def access_token(self, grant_id: UUID, stale: str | None = None) -> str:
        """A valid access token, renewed by one process at a time; the others wait for what it gets.

        Args:
            grant_id: whose.
            stale: a token that Google did not take, although its time is not over.

        Raises:
            AccessEnded: the grant does not hold any more; its owner is told.
            PlaceBusy: Google does not answer, or somebody renews it for too long.
        """
        if not self.is_set_up:
            raise PlaceBusy("Google Drive is not set up here any more.", detail="GOOGLE_CLIENT_ID is not set")
        until = time.monotonic() + _WAIT_S
        while True:
            with self._uow.read() as work:
                grant = self._active(work, grant_id)
                now = db_now(work.session)
            if grant.access_token_encrypted and not grant.needs_token_refresh(now):
                token = self._secret.decrypt(grant.access_token_encrypted)
                if token != stale:
                    return token
            lease = self._take_lease(grant)
            if lease is not None:
                return self._renewed(lease)
            if time.monotonic() > until:
                raise PlaceBusy("Google does not answer just now.", detail="a renewal takes too long")
            time.sleep(_ASK_AGAIN_S)

    def _active(self, work: Work, grant_id: UUID) -> OAuthGrant:
        grant = work.session.get(OAuthGrant, grant_id)
        if grant is None or grant.state != "active" or grant.refresh_token_encrypted is None:
            raise AccessEnded(detail="the grant is not active")
        return grant

    def _take_lease(self, seen: OAuthGrant) -> OAuthGrant | None:
        """The grant with a lease of ours, if nobody renews it and nobody did since it was looked at."""
        with self._uow.write() as work:
            grant = OAuthGrantRepository(work.session).locked(seen.id)
            now = db_now(work.session)
            if grant is None or grant.access_token_encrypted != seen.access_token_encrypted:
                return None
            if grant.refresh_until is not None and grant.refresh_until > now:
                return None
            if grant.generation != seen.generation or grant.state != "active":
                return None
            grant.refresh_token_lease = secrets.token_hex(8)
            grant.refresh_until = now + _REFRESH_LEASE
            work.session.add(grant)
        return grant

    def _renewed(self, lease: OAuthGrant) -> str:
        assert lease.refresh_token_encrypted is not None  # noqa: S101
        try:
            tokens = self._consent.refresh(self._secret.decrypt(lease.refresh_token_encrypted))
        except AccessEnded as error:
            self._end(lease.id, error.detail, lease)
            raise
        except BaseException:
            self._let_go(lease)
            raise
        crash_point("drive.after_refresh")
        access = self._secret.encrypt(tokens.access)
        refresh = self._secret.encrypt(tokens.refresh) if tokens.refresh else None
        with self._uow.write() as work:
            grant = OAuthGrantRepository(work.session).locked(lease.id)
            if grant is not None and _still(grant, lease):
                grant.access_token_encrypted = access
                grant.refresh_token_encrypted = refresh or grant.refresh_token_encrypted
                grant.expires_at = tokens.expires_at
                grant.refresh_token_lease = grant.refresh_until = None
                work.session.add(grant)
        return tokens.access

    def _let_go(self, lease: OAuthGrant) -> None:
        with self._uow.write() as work:
            grant = OAuthGrantRepository(work.session).locked(lease.id)
            if grant is not None and _still(grant, lease):
                grant.refresh_token_lease = grant.refresh_until = None
                work.session.add(grant)

    # ending

    def ended(self, grant_id: UUID, why: str) -> None:
        """Makes sure that a grant which seems to have ended is noted as such, and its owner told, once.

        Google is asked once more: whoever says this may have heard it before the owner connected again.
        """
        with self._uow.read() as work:
            grant = work.session.get(OAuthGrant, grant_id)
            token = grant.access_token_encrypted if grant is not None and grant.state == "active" else None
        try:
            self.access_token(grant_id, stale=self._secret.decrypt(token) if token else None)
        except AccessEnded:
            log.info("drive_grant_ended", grant=str(grant_id), why=why)
        except PlaceBusy:
            return  # not known: the next one who uses it finds out

    def _end(self, grant_id: UUID, why: str, lease: OAuthGrant) -> None:
        """Notes the end of the consent that a renewal was asked for; of a newer one it says nothing."""
        with self._uow.write(durable=True) as work:
            grant = OAuthGrantRepository(work.session).locked(grant_id)
            if grant is None or grant.state != "active" or not _still(grant, lease):
                return
            grant.state = "expired" if "expired" in why and "revoked" not in why else "revoked"
            grant.last_error = why[:300]
            grant.access_token_encrypted = grant.refresh_token_lease = grant.refresh_until = None
            work.session.add(grant)
            _close_source(work, grant)
            _tell_once(work, grant)

    def disconnect(self, account_id: UUID, grant_id: UUID | None = None) -> bool:
        """Gives an account's grants back and forgets the tokens. What was recorded of files stays.

        Folders are switched off, and found again, with what was taken there before, if the same Google
        account is connected again.

        Args:
            account_id: whose.
            grant_id: only this one; all where ``None``.

        Returns:
            Whether Google took every grant back; if not, the owner should look there.
        """
        taken_back = True
        for grant in self._closed(account_id, grant_id):
            token = grant.refresh_token_encrypted or grant.access_token_encrypted
            if token and self._consent_or_none is not None:
                taken_back &= self._consent.revoke(self._secret.decrypt(token))
            crash_point("drive.after_revoke")
            with self._uow.write(durable=True) as work:
                row = OAuthGrantRepository(work.session).locked(grant.id)
                if row is not None and row.state != "active" and row.generation == grant.generation:
                    row.access_token_encrypted = row.refresh_token_encrypted = None
                    row.expires_at = row.last_error = None
                    work.session.add(row)
        return taken_back

    def _closed(self, account_id: UUID, grant_id: UUID | None) -> list[OAuthGrant]:
        """The account's grants, none of which is used from now on."""
        with self._uow.write(durable=True) as work:
            repository = OAuthGrantRepository(work.session)
            grants = [one for one in repository.drives(account_id) if grant_id in (None, one.id)]
            for grant in grants:
                repository.locked(grant.id)
                grant.state = "revoked"
                grant.refresh_token_lease = grant.refresh_until = None
                work.session.add(grant)
                source = _close_source(work, grant)
                if source is None:
                    continue
                for folder in DropFolderRepository(work.session).of_source(source.id):
                    folder.enabled = False
                    work.session.add(folder)
            return list(grants)


def _still(grant: OAuthGrant, lease: OAuthGrant) -> bool:
    """Whether nobody connected again, or took the renewal over, since the lease was taken."""
    return (
        grant.generation == lease.generation
        and grant.refresh_token_lease == lease.refresh_token_lease
        and grant.state == "active"
    )


def _open_source(work: Work, grant: OAuthGrant) -> DropSource:
    """The grant's Drive: a new one, or the one it had, which goes on where it stopped."""
    source = DropSourceRepository(work.session).of_grant(grant.id)
    if source is not None:
        drop_sources.back_again(work, source.id)
        return source
    source = DropSource(
        id=new_id(),
        kind="drive",
        address=str(grant.id),
        account_id=grant.account_id,
        user_id=grant.user_id,
        grant_id=grant.id,
    )
    work.session.add(source)
    work.session.flush()
    work.tell(FoldersChanged(grant.account_id))
    return source


def _close_source(work: Work, grant: OAuthGrant) -> DropSource | None:
    source = DropSourceRepository(work.session).of_grant(grant.id)
    if source is not None:
        source.state = "disconnected"
        source.channel_id = source.channel_resource = source.channel_secret_hash = source.channel_until = None
        work.session.add(source)
        work.tell(FoldersChanged(grant.account_id))
    return source


def _tell_once(work: Work, grant: OAuthGrant) -> None:
    """Writes down that the owner is to be told; once for each consent."""
    cause = f"drive_disconnected:{grant.id}:{grant.generation}"
    if work.session.exec(select(Outbox.id).where(Outbox.cause == cause)).first() is not None:
        return
    work.session.add(
        Outbox(
            id=new_id(),
            kind="drive_disconnected",
            user_id=grant.user_id,
            cause=cause,
            payload={"grant_id": str(grant.id), "email": grant.email, "state": grant.state},
            next_at=db_now(work.session),
        )
    )
