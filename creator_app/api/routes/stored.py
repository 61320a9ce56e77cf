"""Signed addresses of a storage without a server: who has one may read the file for a while."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from creator_app.api import files
from creator_app.api.dependencies import CreatorDep
from creator_app.api.files import StoredFile
from creator_app.domain.content_types import HEAD_BYTES, content_type
from creator_app.errors import Forbidden

router = APIRouter(prefix="/files", tags=["files"])


@router.head("/{key:path}", include_in_schema=False)
@router.get(
    "/{key:path}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}}
)
def signed_file(
    key: str,
    request: Request,
    creator: CreatorDep,
    signature: Annotated[str, Query(max_length=200)],
    expires: Annotated[int, Query(ge=0, le=2**40)],
    filename: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """A file, for whoever has its address, until the address ends."""
    if not creator.storage.verify_signature(key, expires, signature, filename):
        raise Forbidden("This address has ended or is not genuine.", hint="Ask for a new one.")
    known = creator.storage.stat(key)
    name = filename or key.rsplit("/", 1)[-1]
    head = b"".join(creator.storage.open(key, 0, min(HEAD_BYTES, known.size))) if known.size else b""
    kind = content_type(head, name)
    # The signature names the content well enough: keys of results are written once.
    stored = StoredFile(key, known.size, kind, name, signature[:32])
    return files.answer(request, creator.storage, stored, download=filename is not None)
