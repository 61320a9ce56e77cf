"""Asking for access to a Drive, and keeping it: https://developers.google.com/identity/protocols/oauth2/web-server."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx
from google.auth.exceptions import RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import Flow
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from requests.exceptions import RequestException

from creator_app.integrations.drop_folders.errors import AccessEnded, PlaceBusy
from creator_app.integrations.google_drive.api import again
from creator_app.integrations.google_drive.tokens import (
    DRIVE_SCOPE,
    FILE_SCOPE,
    ConsentBroken,
    ConsentRefused,
    GooglePerson,
    Tokens,
)

_TIMEOUT_S: Final = 15.0
_LIFETIME: Final = timedelta(hours=1)
_PERSON: Final = ("openid", "https://www.googleapis.com/auth/userinfo.email")
#: What Google calls a grant that was taken back, or whose time is over.
_ENDED: Final = frozenset({"invalid_grant"})


@dataclass(frozen=True)
class GoogleConsent:
    """See `creator_app.integrations.google_drive.tokens.Consent`.

    Args:
        client_id: of the operator's own OAuth client.
        client_secret: of the same.
        auth_url: where people are asked.
        token_url: where codes are traded in.
        revoke_url: where grants are given back.
        userinfo_url: says whose grant it is.
        scope: ``drive`` for drop folders that other programs fill; ``file`` for what we make ourselves.
    """

    client_id: str
    client_secret: str = field(repr=False)
    auth_url: str
    token_url: str
    revoke_url: str
    userinfo_url: str
    scope: Literal["drive", "file"] = "drive"

    def __post_init__(self) -> None:
        if urlsplit(self.token_url).scheme == "http":
            # Only for a server on this machine: oauthlib would refuse to speak to it otherwise.
            os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")

    @property
    def scopes(self) -> tuple[str, ...]:
        """What people are asked for."""
        return (*_PERSON, DRIVE_SCOPE if self.scope == "drive" else FILE_SCOPE)

    def authorize_url(self, redirect_uri: str, state: str, verifier: str) -> str:
        """Where the person is sent: offline access, a fresh consent, PKCE with S256."""
        url, _ = self._flow(redirect_uri, verifier).authorization_url(
            state=state, access_type="offline", prompt="consent", include_granted_scopes="true"
        )
        return str(url)

    def exchange(self, redirect_uri: str, code: str, verifier: str) -> Tokens:
        """Tokens for a code. A code works once, so this is not repeated."""
        flow = self._flow(redirect_uri, verifier)
        try:
            answer = flow.fetch_token(code=code, include_client_id=True, timeout=_TIMEOUT_S)
        except OAuth2Error as error:
            raise ConsentBroken() from error
        except Warning as changed:
            # Not an error of ours: people may grant less than was asked for, and Google adds what it granted
            # before. oauthlib tells of it by raising, with the tokens in its hand.
            answer = getattr(changed, "token", {})
        except (RequestException, ValueError) as error:
            raise PlaceBusy("Google does not answer just now.", detail=type(error).__name__) from error
        tokens = _tokens(dict(answer), self.scopes)
        self._check(tokens)
        return tokens

    def _check(self, tokens: Tokens) -> None:
        enough = {DRIVE_SCOPE} if self.scope == "drive" else {DRIVE_SCOPE, FILE_SCOPE}
        if not enough & set(tokens.scopes):
            raise ConsentRefused(
                "Google Drive was not connected: the box that lets us see your Drive was not ticked.",
                hint="Connect it again, and tick the box for Google Drive on Google's page.",
            )

    def refresh(self, refresh_token: str) -> Tokens:
        """A new access token; the refresh token may be a new one, too."""
        known = Credentials(  # type: ignore[no-untyped-call]
            token=None,
            refresh_token=refresh_token,
            token_uri=self.token_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
        )
        try:
            known.refresh(partial(Request(), timeout=_TIMEOUT_S))  # type: ignore[no-untyped-call]
        except RefreshError as error:
            raise _sorted(error) from error
        except (TransportError, RequestException, OSError) as error:
            raise PlaceBusy("Google does not answer just now.", detail=type(error).__name__) from error
        expires_at = known.expiry.replace(tzinfo=UTC) if known.expiry else datetime.now(UTC) + _LIFETIME
        scopes = tuple(known.granted_scopes or ())
        return Tokens(str(known.token), expires_at, known.refresh_token or refresh_token, scopes)

    def person(self, access_token: str) -> GooglePerson:
        """Whose grant it is."""
        answer = again(lambda: self._userinfo(access_token))
        return GooglePerson(str(answer["sub"]), answer.get("email"))

    def _userinfo(self, access_token: str) -> dict[str, Any]:
        try:
            answer = httpx.get(
                self.userinfo_url, headers={"Authorization": f"Bearer {access_token}"}, timeout=_TIMEOUT_S
            )
            found: dict[str, Any] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise PlaceBusy("Google does not answer just now.", detail=type(error).__name__) from error
        if not found.get("sub"):
            raise ConsentBroken("Google did not say whose Drive it is.")
        return found

    def revoke(self, token: str) -> bool:
        """Gives a grant back; one that Google does not know any more is fine."""
        try:
            return again(lambda: self._revoked(token), tries=3)
        except PlaceBusy:
            return False

    def _revoked(self, token: str) -> bool:
        try:
            answer = httpx.post(self.revoke_url, data={"token": token}, timeout=_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise PlaceBusy(detail=type(error).__name__) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise PlaceBusy(detail=f"revoke: {answer.status_code}")
        return answer.status_code in (200, 400)

    def _flow(self, redirect_uri: str, verifier: str) -> Flow:
        web = {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "auth_uri": self.auth_url,
            "token_uri": self.token_url,
        }
        return Flow.from_client_config(
            {"web": web},
            list(self.scopes),
            redirect_uri=redirect_uri,
            code_verifier=verifier,
            autogenerate_code_verifier=False,
        )


def _tokens(answer: dict[str, Any], asked: tuple[str, ...]) -> Tokens:
    access = answer.get("access_token")
    if not access:
        raise ConsentBroken()
    granted = answer.get("scope")
    scopes = granted.split() if isinstance(granted, str) else list(granted or asked)
    lifetime = timedelta(seconds=float(answer.get("expires_in") or _LIFETIME.total_seconds()))
    return Tokens(str(access), datetime.now(UTC) + lifetime, answer.get("refresh_token"), tuple(scopes))


def _sorted(error: RefreshError) -> Exception:
    said = next((one for one in error.args if isinstance(one, dict)), {})
    code, words = str(said.get("error") or ""), str(said.get("error_description") or "")
    if code in _ENDED or (not said and "invalid_grant" in str(error.args[:1])):
        return AccessEnded(detail=f"{code} {words}".strip()[:200] or "invalid_grant")
    return PlaceBusy("Google does not answer just now.", detail=f"refresh: {code} {words}".strip()[:200])
