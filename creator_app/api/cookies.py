"""Sets and clears the session cookie."""

from starlette.requests import Request
from starlette.responses import Response

from creator_app.api.callers import SECURE_COOKIE, is_secure, plain_cookie
from creator_app.config import Settings

_DAY_S = 24 * 3600


def set_session(response: Response, request: Request, settings: Settings, token: str) -> None:
    """Gives the browser its session; scripts can't read it."""
    secure = is_secure(request, settings)
    response.set_cookie(
        SECURE_COOKIE if secure else plain_cookie(settings),
        token,
        max_age=settings.session_days * _DAY_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, settings: Settings) -> None:
    """Takes the session back, under both names."""
    response.delete_cookie(SECURE_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.delete_cookie(plain_cookie(settings), path="/", httponly=True, samesite="lax")
