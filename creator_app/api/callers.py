"""What a request says about where it comes from: address, scheme, cookies. Reads headers only."""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from creator_app.config import Settings

SECURE_COOKIE = "__Host-creator"
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def plain_cookie(settings: Settings) -> str:
    """The session cookie's name over plain http, where a browser drops the ``__Host-`` one."""
    return f"creator_sid_{settings.instance}"


def is_secure(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether the browser spoke https, to us or to a proxy before us.

    A header that lies here harms nobody but its sender: it only decides the attributes of their own cookie.
    """
    if connection.url.scheme in ("https", "wss"):
        return True
    if connection.headers.get("x-forwarded-proto", "").split(",")[0].strip() == "https":
        return True
    public = urlsplit(settings.public_url or "")
    return public.scheme == "https" and public.netloc == connection.headers.get("host", "")


def session_token(connection: HTTPConnection, settings: Settings) -> str | None:
    """The session token in the request's cookies.

    Over https only the ``__Host-`` cookie counts: another site on the same machine could have set the plain
    one.
    """
    token = connection.cookies.get(SECURE_COOKIE)
    if token or is_secure(connection, settings):
        return token
    return connection.cookies.get(plain_cookie(settings))


def is_loopback(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether the request was made on this very machine.

    A reverse proxy on this machine must not turn everybody into its operator, and neither may a foreign page
    whose name was pointed at 127.0.0.1: forwarded requests and foreign host names are none.
    """
    if connection.client is None or any(name in connection.headers for name in _FORWARDED):
        return False
    if settings.public_url and urlsplit(settings.public_url).hostname not in _LOCAL_NAMES:
        return False
    host = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    return host in _LOCAL_NAMES and _is_loopback_address(connection.client.host)


def client_ip(connection: HTTPConnection) -> str:
    """The address that a request came from; behind a proxy on this machine, the one that the proxy names."""
    peer = connection.client.host if connection.client else "unknown"
    forwarded = connection.headers.get("x-forwarded-for", "")
    if forwarded and _is_loopback_address(peer):
        return forwarded.rsplit(",", 1)[-1].strip()[:64]
    return peer


def is_own_origin(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether a browser sent this from one of our own pages; programs, which send no origin, count as own."""
    site = connection.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = connection.headers.get("origin")
    if origin is None:
        return True
    parts = urlsplit(origin)
    if settings.public_url and parts[:2] == urlsplit(settings.public_url)[:2]:
        return True
    return bool(parts.netloc) and parts.netloc == connection.headers.get("host", "")


def _is_loopback_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
