"""Google's OAuth endpoints: the consent page, token, revoke, userinfo, certificates.

Source: "Using OAuth 2.0 for Web Server Applications" (parameters, errors on the page), "OpenID Connect"
(userinfo, ID tokens, the discovery document).
"""

import base64
import html
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

import google.auth.crypt
import google.auth.jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from . import oauth
from .errors import ApiError
from .oauth import LONG_NAMES, Client, OAuthError, Tokens

if TYPE_CHECKING:
    from .server import DriveServer

AUTH_PATH, TOKEN_PATH, REVOKE_PATH = "/o/oauth2/v2/auth", "/token", "/revoke"
USERINFO_PATH, CERTS_PATH = "/oauth2/v3/userinfo", "/oauth2/v3/certs"
SIGN_IN = {"openid", "email", "profile", *LONG_NAMES.values()}


class Pages:
    """The endpoints over one server's `oauth.OAuth`."""

    def __init__(self, server: "DriveServer") -> None:
        self.server, self.oauth = server, server.oauth
        self._keys = _Keys()

    def routes(self) -> list[Route]:
        return [
            Route(AUTH_PATH, self.authorize, methods=["GET", "POST"], name="oauth.authorize"),
            Route(TOKEN_PATH, self.token, methods=["POST"], name="oauth.token"),
            Route(REVOKE_PATH, self.revoke, methods=["POST"], name="oauth.revoke"),
            Route(USERINFO_PATH, self.userinfo, methods=["GET", "POST"], name="oauth.userinfo"),
            Route(CERTS_PATH, self.certs, name="oauth.certs"),
            Route("/.well-known/openid-configuration", self.configuration, name="oauth.configuration"),
        ]

    # consent

    async def authorize(self, request: Request) -> Response:
        """The consent page; its buttons post back to the same address."""
        asked = self._read_request(request)
        if isinstance(asked, str):
            return _error_page(asked)
        if request.method == "GET":
            return self._first_look(request, asked)
        form = await request.form()
        if form.get("decision") != "allow":
            return _back(asked, error="access_denied")
        user = self.server.store.users.get(str(form.get("account")))
        if user is None:
            return _error_page("Error 400: invalid_request: choose an account")
        ticked = {str(one) for one in form.getlist("scope")}
        scopes = [one for one in asked.scopes if one in SIGN_IN or one in ticked]
        return _back(asked, code=self.oauth.approve(asked, user, scopes), scopes=scopes)

    def _first_look(self, request: Request, asked: oauth.Request) -> Response:
        """Without a page where the test said who would agree to what."""
        email = self.server.auto_approve
        email = asked.login_hint if email is True else email
        if user := self.server.store.users.get(email or ""):
            chosen = self.server.auto_scopes
            scopes = [one for one in asked.scopes if one in SIGN_IN or chosen is None or one in chosen]
            return _back(asked, code=self.oauth.approve(asked, user, scopes), scopes=scopes)
        if "none" in asked.prompt:
            return _back(asked, error="interaction_required")
        return _consent_page(request, asked, [one.email for one in self.server.store.users.values()])

    def _read_request(self, request: Request) -> oauth.Request | str:
        """What the app asks for, or the words of Google's error page."""
        told = request.query_params
        client = self.oauth.clients.get(told.get("client_id", ""))
        if client is None:
            return "Error 401: invalid_client: The OAuth client was not found."
        if not client.may_redirect(told.get("redirect_uri", "")):
            return f"Error 400: redirect_uri_mismatch: {told.get('redirect_uri')}"
        method = told.get("code_challenge_method", "plain")
        wrong = told.get("response_type") != "code" or not told.get("scope")
        if (
            wrong
            or told.get("access_type", "online") not in ("online", "offline")
            or method not in ("plain", "S256")
        ):
            return "Error 400: invalid_request: Required parameter is missing or wrong"
        return oauth.Request(
            client=client,
            redirect_uri=told["redirect_uri"],
            scopes=tuple(told["scope"].split()),
            state=told.get("state"),
            offline=told.get("access_type") == "offline",
            prompt=frozenset(told.get("prompt", "").split()),
            challenge=told.get("code_challenge"),
            challenge_method=method,
            nonce=told.get("nonce"),
            login_hint=told.get("login_hint"),
            include_granted=told.get("include_granted_scopes") == "true",
        )

    # tokens

    async def token(self, request: Request) -> Response:
        form = await request.form()
        try:
            client = self._client(request, {key: str(value) for key, value in form.items()})
            kind = form.get("grant_type")
            with self.server.store.lock:
                if kind == "authorization_code":
                    verifier = str(form["code_verifier"]) if "code_verifier" in form else None
                    code, uri = str(form.get("code", "")), str(form.get("redirect_uri", ""))
                    return self._answer(self.oauth.exchange(client, code, uri, verifier))
                if kind == "refresh_token":
                    return self._answer(self.oauth.refresh(client, str(form.get("refresh_token", ""))))
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind}")
        except OAuthError as error:
            return _oauth_error(error)

    def _client(self, request: Request, form: dict[str, str]) -> Client:
        """By the form's fields or by HTTP Basic."""
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            name, _, secret = base64.b64decode(value).decode().partition(":")
            given = urllib.parse.unquote(name), urllib.parse.unquote(secret)
        client = self.oauth.clients.get(given[0])
        if client is None:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if client.secret != given[1]:
            raise OAuthError("invalid_client", "Unauthorized", 401)
        return client

    def _answer(self, tokens: Tokens) -> Response:
        told: dict[str, Any] = {
            "access_token": tokens.access,
            "expires_in": tokens.expires_s,
            "scope": " ".join(sorted(tokens.scopes)),
            "token_type": "Bearer",
        }
        if tokens.refresh:
            told["refresh_token"] = tokens.refresh
        if tokens.refresh_expires_s is not None:
            told["refresh_token_expires_in"] = tokens.refresh_expires_s
        if "openid" in tokens.scopes:
            told["id_token"] = self._id_token(tokens)
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    def _id_token(self, tokens: Tokens) -> str:
        now = int(time.time())
        claims = {"iss": self.server.url, "azp": tokens.client.id, "aud": tokens.client.id, "iat": now}
        claims |= {"exp": now + 3600, "sub": tokens.user.sub} | self._claims(tokens)
        return self._keys.sign(claims | ({"nonce": tokens.nonce} if tokens.nonce else {}))

    def _claims(self, tokens: Tokens) -> dict[str, Any]:
        return _claims(tokens.user.email, tokens.user.name, tokens.scopes)

    async def revoke(self, request: Request) -> Response:
        """Without client authentication: the token is enough."""
        form = await request.form()
        try:
            with self.server.store.lock:
                self.oauth.revoke(str(form.get("token") or request.query_params.get("token", "")))
        except OAuthError as error:
            return _oauth_error(error)
        return JSONResponse({})

    async def userinfo(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").partition(" ")[2]
        try:
            viewer = self.oauth.viewer(token or request.query_params.get("access_token", ""))
        except ApiError:
            return _oauth_error(OAuthError("invalid_request", "Invalid Credentials", 401))
        claims = _claims(viewer.user.email, viewer.user.name, viewer.scopes)
        return JSONResponse({"sub": viewer.user.sub, **claims})

    async def certs(self, request: Request) -> Response:
        return JSONResponse({"keys": [self._keys.public]})

    async def configuration(self, request: Request) -> Response:
        url = self.server.url
        return JSONResponse(
            {
                "issuer": url,
                "authorization_endpoint": url + AUTH_PATH,
                "token_endpoint": url + TOKEN_PATH,
                "revocation_endpoint": url + REVOKE_PATH,
                "userinfo_endpoint": url + USERINFO_PATH,
                "jwks_uri": url + CERTS_PATH,
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["plain", "S256"],
            }
        )


class _Keys:
    """The key that signs ID tokens."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        plain, encoding = serialization.NoEncryption(), serialization.Encoding.PEM
        pem = key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, plain)
        self._signer = google.auth.crypt.RSASigner.from_string(pem.decode(), key_id="peer")
        numbers = key.public_key().public_numbers()
        self.public = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "peer"}
        self.public |= {"n": _base64(numbers.n), "e": _base64(numbers.e)}

    def sign(self, claims: dict[str, Any]) -> str:
        signed: bytes = google.auth.jwt.encode(self._signer, claims)
        return signed.decode()


def _base64(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _claims(email: str, name: str, scopes: frozenset[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if LONG_NAMES["email"] in scopes:
        told |= {"email": email, "email_verified": True}
    if LONG_NAMES["profile"] in scopes:
        told |= {"name": name, "given_name": name.split(maxsplit=1)[0], "picture": ""}
    return told


def _oauth_error(error: OAuthError) -> Response:
    return JSONResponse(
        {"error": error.error, "error_description": error.description}, status_code=error.status
    )


def _back(asked: oauth.Request, *, scopes: list[str] | None = None, **params: str) -> Response:
    """To the app, with a code or an error."""
    if asked.state is not None:
        params["state"] = asked.state
    if scopes is not None:
        params["scope"] = " ".join(LONG_NAMES.get(one, one) for one in scopes)
    glue = "&" if "?" in asked.redirect_uri else "?"
    return RedirectResponse(asked.redirect_uri + glue + urllib.parse.urlencode(params), status_code=302)


def _error_page(said: str) -> Response:
    status = 401 if "401" in said else 400
    return HTMLResponse(
        f"<!doctype html><title>Error</title><h1>Access blocked</h1><p>{html.escape(said)}</p>", status
    )


def _consent_page(request: Request, asked: oauth.Request, emails: list[str]) -> Response:
    """Accounts to choose from, a box for each scope that isn't about signing in, and two buttons."""
    wide = [one for one in asked.scopes if one not in SIGN_IN]
    chosen = asked.login_hint if asked.login_hint in emails else emails[0] if emails else ""
    accounts = "".join(
        f'<p><label><input type="radio" name="account" value="{html.escape(one)}"'
        f"{' checked' if one == chosen else ''}> {html.escape(one)}</label></p>"
        for one in emails
    )
    boxes = "".join(
        f'<p><label><input type="checkbox" name="scope" value="{html.escape(one)}" checked> '
        f"{html.escape(one)}</label></p>"
        for one in wide
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><title>Sign in - Google Accounts (test)</title>'
        f"<h1>{html.escape(asked.client.name)} wants access to your Google Account</h1>"
        f'<form method="post" action="{html.escape(str(request.url))}">'
        f"<fieldset><legend>Choose an account</legend>{accounts}</fieldset>"
        f"<fieldset><legend>What it may do</legend>{boxes}</fieldset>"
        '<button name="decision" value="allow">Allow</button> '
        '<button name="decision" value="deny">Deny</button></form></html>'
    )
