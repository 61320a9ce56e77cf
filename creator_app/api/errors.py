"""Every error leaves the API in one shape: ``{"error": {code, message, hint, request_id, fields?}}``.

A form of a page gets a page back instead, with the error's code in its address.
"""

from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis import RedisError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from creator_app.api.forms import in_words, local_path, wants_page
from creator_app.errors import CreatorError, InvalidInput, Unavailable
from creator_app.infrastructure.logging import get_logger

log = get_logger(__name__)

_HTTP_SENTENCES = {
    400: ("bad_request", "This request can't be read.", "Check how the body was written."),
    404: (
        "not_found",
        "There is nothing at this address.",
        "The addresses that exist are listed at /api/docs.",
    ),
    405: (
        "method_not_allowed",
        "This address does not take this method.",
        "See /api/docs for what it takes.",
    ),
    413: ("too_large", "This request is too large.", "Send pictures as files of POST /api/v1/jobs."),
}
#: For a part that is away, where nothing better is known.
_SOON_S = 5
UNEXPECTED = ("internal_error", "Something went wrong on our side.", "Try again in a moment.")


def install(app: FastAPI) -> None:
    """Makes ``app`` answer all errors in the one shape."""
    app.add_exception_handler(CreatorError, _creator_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    for away in (OperationalError, RedisError):
        app.add_exception_handler(away, _part_away)


def body(
    code: str, message: str, hint: str, request_id: str, fields: dict[str, str] | None = None
) -> dict[str, Any]:
    """The one shape of an error."""
    error: dict[str, Any] = {"code": code, "message": message, "hint": hint, "request_id": request_id}
    if fields:
        error["fields"] = fields
    return {"error": error}


def render(request: Request, error: CreatorError) -> Response:
    """The answer to a request that failed: JSON, or for a page's form the way back to its page."""
    if wants_page(request) and "/auth/" in request.url.path:
        return RedirectResponse(_page_of(request, error), status_code=303)
    headers: dict[str, str] = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    soon = _SOON_S if error.status == 503 and error.retryable else None
    retry_after_s = getattr(error, "retry_after_s", None) or soon
    if retry_after_s:
        headers["Retry-After"] = str(int(retry_after_s))
    content = body(error.code, error.message, error.hint, request_id_of(request), error.fields)
    return JSONResponse(content, status_code=error.status, headers=headers)


def request_id_of(request: Request) -> str:
    """The id under which this request is found in the logs."""
    return str(request.scope.get("creator.request_id", ""))


async def _creator_error(request: Request, error: Any) -> Response:
    if error.status >= 500:
        log.warning("request_refused", code=error.code, message=error.message)
    return render(request, error)


async def _part_away(request: Request, error: Exception) -> Response:
    log.warning("part_away", error=type(error).__name__)
    return render(request, Unavailable())


async def _validation_error(request: Request, error: Any) -> Response:
    fields = in_words(error.errors())
    named = " ".join(f"{name}: {sentence}" for name, sentence in fields.items())
    hint = "See /api/docs for what it takes."
    return render(request, InvalidInput(f"This request is not right. {named}", hint=hint, fields=fields))


async def _http_error(request: Request, error: Any) -> Response:
    general = ("refused", "This request was refused.", "See /api/docs.")
    code, message, hint = _HTTP_SENTENCES.get(error.status_code, general)
    content = body(code, message, hint, request_id_of(request))
    return JSONResponse(content, status_code=error.status_code, headers=error.headers)


def _page_of(request: Request, error: CreatorError) -> str:
    page = "/signup" if request.url.path.endswith("/register") else "/login"
    query = {"error": error.code}
    following = local_path(request.scope.get("creator.next"), "")
    if following:
        query["next"] = following
    return f"{page}?{urlencode(query)}"
