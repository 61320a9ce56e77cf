"""The interface's documentation page. Everything on it comes from this machine, so it works offline."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from creator_app.errors import NotFound

router = APIRouter(prefix="/api/docs", include_in_schema=False)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Creator API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
# validatorUrl would send the description of a private server to somebody else's.
_START: Final = (
    'SwaggerUIBundle({url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,'
    " persistAuthorization: false});"
)
_FILES: Final = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
_POLICY: Final = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'"
)


@router.get("")
async def page() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/start.js")
async def start() -> Response:
    """What starts it; a file of its own, so that the page needs no inline script."""
    return Response(_START, media_type="text/javascript")


@router.get("/{name}")
async def asset(name: str) -> FileResponse:
    """Swagger UI's own files."""
    if name not in _FILES:
        raise NotFound("There is no such file.")
    return FileResponse(
        _folder() / name, media_type=_FILES[name], headers={"Cache-Control": "public, max-age=86400"}
    )


def _folder() -> Path:
    # The package is only looked up, never imported: we want Swagger UI's files, not its way of building an
    # app.
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise NotFound(
            "The documentation page is not installed.", hint="The description is at /api/openapi.json."
        )
    return Path(spec.origin).parent / "static"
