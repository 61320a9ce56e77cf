"""For whoever watches over Creator: does the process live, does what it needs answer, and the numbers."""

from collections.abc import Callable

import redis
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from creator_app.api import callers
from creator_app.api.dependencies import CreatorDep, current_caller
from creator_app.api.metrics import metrics
from creator_app.errors import CreatorError, Forbidden
from creator_app.infrastructure.logging import get_logger

log = get_logger(__name__)
router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process lives. Touches nothing else, so that a database away does not get it killed."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Something that is needed does not answer."}})
def readyz(creator: CreatorDep) -> JSONResponse:
    """Whether what Creator needs answers."""
    parts = {
        "database": _answers("database", creator.database.ping),
        "live": _answers("live", creator.redis.ping),
        "storage": _answers("storage", lambda: creator.storage.exists("readiness") in (True, False)),
    }
    ready = all(parts.values())
    words = {name: "ok" if fine else "does not answer" for name, fine in parts.items()}
    return JSONResponse({"status": "ok" if ready else "unavailable", "parts": words}, 200 if ready else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def prometheus(request: Request, creator: CreatorDep) -> Response:
    """Numbers for Prometheus: for this machine, or with an admin's session or API key."""
    if not callers.is_loopback(request, creator.settings):
        await _require_admin(request)
    return Response(
        await run_in_threadpool(metrics.text), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


async def _require_admin(request: Request) -> None:
    caller = await current_caller(request)
    if caller.user.role != "admin":
        raise Forbidden("These numbers are for admins.", hint="Use an admin's API key.")


def _answers(name: str, ask: Callable[[], object]) -> bool:
    try:
        return bool(ask())
    except (SQLAlchemyError, redis.RedisError, CreatorError, OSError) as error:
        log.warning("not_ready", part=name, error=type(error).__name__)
        return False
