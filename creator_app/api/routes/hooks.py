"""What outside services send us. Whoever sends it is a stranger until the secret in it is right."""

from typing import Annotated

from fastapi import APIRouter, Header

from creator_app.api.dependencies import CreatorDep

router = APIRouter(prefix="/hooks", tags=["hooks"])

_LONGEST = 300


@router.post("/drive")
def drive_hook(
    creator: CreatorDep,
    x_goog_channel_id: Annotated[str, Header(max_length=_LONGEST)] = "",
    x_goog_channel_token: Annotated[str, Header(max_length=_LONGEST)] = "",
    x_goog_resource_state: Annotated[str, Header(max_length=_LONGEST)] = "",
) -> dict[str, str]:
    """Google says that something changed in a Drive: it is looked at soon. Twice the same does no harm."""
    creator.drives.channels.heard(x_goog_channel_id, x_goog_channel_token, x_goog_resource_state)
    return {"status": "ok"}
