"""API keys: made, listed, revoked. A key is shown once; afterwards only its beginning is known."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from creator_app.api.dependencies import AccountKeeper, Caller, CreatorDep
from creator_app.api.forms import documented, read_small
from creator_app.api.schemas.accounts import ApiKeyList, ApiKeyMade, ApiKeyView, NewApiKey
from creator_app.bootstrap import Creator
from creator_app.errors import Forbidden
from creator_app.services import accounts

router = APIRouter(prefix="/api-keys", tags=["api keys"])


@router.get("")
def list_keys(caller: AccountKeeper, creator: CreatorDep) -> ApiKeyList:
    """The caller's keys, newest first."""
    with creator.uow.read() as work:
        rows = accounts.list_api_keys(work, caller.user_id)
    return ApiKeyList(items=[ApiKeyView.model_validate(row) for row in rows])


@router.post("", status_code=201, openapi_extra=documented(NewApiKey))
async def make_key(request: Request, caller: AccountKeeper, creator: CreatorDep) -> ApiKeyMade:
    """Makes a key. It may do no more than who asks for it."""
    return await run_in_threadpool(_make, creator, caller, await read_small(request, NewApiKey))


@router.delete("/{key_id}", status_code=204)
def revoke_key(key_id: UUID, caller: AccountKeeper, creator: CreatorDep) -> None:
    """Revokes a key: it stops working at once."""
    with creator.uow.write() as work:
        accounts.revoke_api_key(work, caller.user_id, key_id)


def _make(creator: Creator, caller: Caller, asked: NewApiKey) -> ApiKeyMade:
    scopes = sorted(caller.scopes) if asked.scopes is None else asked.scopes
    beyond = set(scopes) & set(accounts.SCOPES) - caller.scopes
    if beyond:
        raise Forbidden(
            f"This key may not give what it has not: {', '.join(sorted(beyond))}.",
            hint="Sign in with your password to make a key that may do more.",
        )
    with creator.uow.write() as work:
        row, plain = accounts.create_api_key(work, caller.user, asked.name, scopes)
    return ApiKeyMade.of(row, plain)
