"""Grants and tokens, as Google gives, refreshes and withdraws them.

Source: "Using OAuth 2.0 for Web Server Applications" and "Using OAuth 2.0 to Access Google APIs" (refresh
token expiration). What a user granted an app is one grant: when it is revoked by any of its tokens, all of
them die, and Drive answers 401 from then on.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .access import SCOPE, Viewer
from .errors import invalid_credentials
from .store import Store, User

#: Redirects to this machine on any port and path.
LOOPBACK = "loopback"
#: Short names of sign-in scopes, as answers spell them out ("OpenID Connect").
LONG_NAMES = {"email": SCOPE + "userinfo.email", "profile": SCOPE + "userinfo.profile"}
#: "There is currently a limit of 100 refresh tokens per Google Account per OAuth 2.0 client ID."
MOST_REFRESH_TOKENS = 100
TEST_MODE_S = 7 * 86400


class OAuthError(Exception):
    """An error of the token endpoints (RFC 6749, 5.2), in Google's words."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass
class Client:
    """An app that is registered with Google.

    Attributes:
        redirect_uris: exact addresses, or `LOOPBACK`.
        test_mode: publishing status "Testing": its refresh tokens live for seven days.
    """

    id: str
    secret: str
    redirect_uris: list[str]
    name: str = "Creator"
    test_mode: bool = False

    def may_redirect(self, uri: str) -> bool:
        local = re.fullmatch(r"https?://(localhost|127\.0\.0\.1)(:\d+)?(/.*)?", uri)
        return uri in self.redirect_uris or bool(local and LOOPBACK in self.redirect_uris)


@dataclass
class Grant:
    """What a user allowed an app.

    Attributes:
        refresh_tokens: token → when it ends, if ever; oldest first.
        access_tokens: token → its scopes and when it ends.
    """

    user: User
    client: Client
    scopes: frozenset[str]
    refresh_tokens: dict[str, datetime | None] = field(default_factory=dict)
    access_tokens: dict[str, tuple[frozenset[str], datetime]] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """What an app asks for at the authorization endpoint."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    offline: bool
    prompt: frozenset[str]
    challenge: str | None
    challenge_method: str
    nonce: str | None
    login_hint: str | None
    include_granted: bool


@dataclass
class Code:
    request: Request
    user: User
    scopes: frozenset[str]
    first: bool
    expires: datetime


@dataclass(frozen=True)
class Tokens:
    access: str
    expires_s: int
    scopes: frozenset[str]
    refresh: str | None
    refresh_expires_s: int | None
    user: User
    client: Client
    nonce: str | None = None


class OAuth:
    """All clients, grants and tokens.

    Attributes:
        access_token_s: how long access tokens live.
    """

    def __init__(self, store: Store) -> None:
        self.store, self.access_token_s = store, 3599
        self.clients: dict[str, Client] = {}
        self.grants: dict[tuple[str, str], Grant] = {}
        self._codes: dict[str, Code] = {}

    # consent

    def approve(self, request: Request, user: User, scopes: Iterable[str]) -> str:
        """The user said yes to these scopes; returns the code for the app."""
        grant = self.grants.get((user.sub, request.client.id))
        asked = frozenset(LONG_NAMES.get(one, one) for one in scopes)
        earlier = grant.scopes if grant else frozenset()
        given = asked | earlier if request.include_granted else asked
        code = "4/0A" + secrets.token_urlsafe(40)
        ends = self.store.clock.now() + timedelta(seconds=600)
        self._codes[code] = Code(request, user, given, grant is None, ends)
        return code

    def exchange(self, client: Client, code: str, redirect_uri: str, verifier: str | None) -> Tokens:
        """A code for tokens; once.

        Raises:
            OAuthError: ``invalid_grant`` or ``redirect_uri_mismatch``.
        """
        found = self._codes.pop(code, None)
        if found is None or found.request.client is not client or found.expires < self.store.clock.now():
            raise OAuthError("invalid_grant", "Malformed auth code.")
        if found.request.redirect_uri != redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "Bad Request")
        _check_verifier(found.request, verifier)
        grant = self._granted(found.user, client, found.scopes)
        wants_refresh = found.request.offline and (found.first or "consent" in found.request.prompt)
        refresh = self._new_refresh(grant) if wants_refresh else None
        return self._issue(grant, found.scopes, refresh, found.request.nonce)

    def _granted(self, user: User, client: Client, scopes: frozenset[str]) -> Grant:
        grant = self.grants.setdefault((user.sub, client.id), Grant(user, client, scopes))
        grant.scopes |= scopes
        return grant

    def _new_refresh(self, grant: Grant) -> str:
        token = "1//0" + secrets.token_urlsafe(48)
        ends = self.store.clock.now() + timedelta(seconds=TEST_MODE_S) if grant.client.test_mode else None
        grant.refresh_tokens[token] = ends
        if len(grant.refresh_tokens) > MOST_REFRESH_TOKENS:
            del grant.refresh_tokens[next(iter(grant.refresh_tokens))]
        return token

    def _issue(
        self, grant: Grant, scopes: frozenset[str], refresh: str | None, nonce: str | None = None
    ) -> Tokens:
        token, now = "ya29.a0" + secrets.token_urlsafe(48), self.store.clock.now()
        grant.access_tokens[token] = (scopes, now + timedelta(seconds=self.access_token_s))
        ends = grant.refresh_tokens.get(refresh or "")
        left = int((ends - now).total_seconds()) if ends else None
        return Tokens(token, self.access_token_s, scopes, refresh, left, grant.user, grant.client, nonce)

    def grant_directly(self, user: User, client: Client, scopes: Iterable[str]) -> Tokens:
        """Tokens without the pages, for tests that are not about them."""
        wanted = frozenset(LONG_NAMES.get(one, one) for one in scopes)
        grant = self._granted(user, client, wanted)
        return self._issue(grant, wanted, self._new_refresh(grant))

    # afterwards

    def refresh(self, client: Client, token: str) -> Tokens:
        """A new access token; the refresh token stays the same.

        Raises:
            OAuthError: ``invalid_grant`` for one that is revoked, expired or another app's.
        """
        for grant in self.grants.values():
            if token in grant.refresh_tokens and grant.client is client:
                ends = grant.refresh_tokens[token]
                if ends is None or ends > self.store.clock.now():
                    return self._issue(grant, grant.scopes, None)
        raise OAuthError("invalid_grant", "Token has been expired or revoked.")

    def revoke(self, token: str) -> None:
        """By an access or a refresh token, by whoever has it.

        Raises:
            OAuthError: ``invalid_token``.
        """
        for key, grant in self.grants.items():
            if token in grant.refresh_tokens or token in grant.access_tokens:
                del self.grants[key]
                return
        raise OAuthError("invalid_token", "Token expired or revoked")

    def forget_user(self, user: User) -> None:
        """The user removes all apps at myaccount.google.com/permissions."""
        self.grants = {key: one for key, one in self.grants.items() if one.user is not user}

    def expire_refresh_tokens(self, user: User) -> None:
        """What test mode does after seven days: the refresh tokens end, access tokens live on."""
        for grant in self.grants.values():
            if grant.user is user:
                grant.refresh_tokens = dict.fromkeys(grant.refresh_tokens, self.store.clock.now())

    def expire_access_tokens(self) -> None:
        for grant in self.grants.values():
            grant.access_tokens.clear()

    def viewer(self, token: str) -> Viewer:
        """Whose access token it is.

        Raises:
            ApiError: 401.
        """
        for grant in self.grants.values():
            if token in grant.access_tokens:
                scopes, ends = grant.access_tokens[token]
                if ends > self.store.clock.now():
                    return Viewer(grant.user, grant.client.id, scopes)
        raise invalid_credentials()


def _check_verifier(request: Request, verifier: str | None) -> None:
    """PKCE (RFC 7636)."""
    if request.challenge is None:
        return
    if not verifier:
        raise OAuthError("invalid_grant", "Missing code verifier.")
    made = verifier
    if request.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not secrets.compare_digest(made, request.challenge):
        raise OAuthError("invalid_grant", "Invalid code verifier.")
