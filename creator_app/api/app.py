"""Puts the REST interface together. Building it opens no connection: the web process is forked after this."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from creator_app.api import errors
from creator_app.api.dependencies import check_origin, documented_bearer
from creator_app.api.middleware.requests import RequestContext
from creator_app.api.routes import (
    api_keys,
    auth,
    docs,
    drive,
    health,
    hooks,
    job_files,
    job_live,
    jobs,
    operator,
    recipes,
    stored,
)
from creator_app.api.schemas.errors import ErrorAnswer

PREFIX = "/api/v1"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorAnswer} for code in (401, 403, 404, 409, 413, 422, 429)
}


def create_api() -> FastAPI:
    """The interface as an ASGI app: ``/api``, ``/healthz``, ``/readyz``, ``/metrics``; no more."""
    app = FastAPI(
        title="Creator",
        description="Send `Authorization: Bearer crt_…`, or use the session of the pages.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    # Streams check the origin themselves: a websocket is refused in its own way.
    checked = APIRouter(prefix=PREFIX, dependencies=[Depends(check_origin)], responses=_ERRORS)
    for module in (auth, stored, hooks):
        checked.include_router(module.router)
    for module in (recipes, jobs, job_files, api_keys, operator, drive):
        checked.include_router(module.router, dependencies=[Depends(documented_bearer)])
    app.include_router(checked)
    app.include_router(job_live.router, prefix=PREFIX, responses=_ERRORS)
    app.include_router(health.router)
    app.include_router(docs.router)
    app.add_api_route("/api/{path:path}", _nothing_here, methods=_METHODS, include_in_schema=False)
    errors.install(app)
    app.add_middleware(RequestContext)
    return app


async def _nothing_here(request: Request) -> None:
    """Answers for every unknown address under ``/api``, which would else fall through to the pages."""
    for route in request.app.router.routes:
        if route.matches(request.scope)[0] is Match.PARTIAL:
            raise HTTPException(405)
    raise HTTPException(404)


def _operation_id(route: APIRoute) -> str:
    return route.name
