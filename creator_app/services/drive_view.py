"""A connected Drive as its owner sees it, in plain words."""

from dataclasses import dataclass
from uuid import UUID

from creator_app.integrations.google_drive.tokens import DRIVE_SCOPE
from creator_app.models import DropFolder, OAuthGrant
from creator_app.repositories.drops import DropFolderRepository
from creator_app.services.drive_folders import grants_with_sources
from creator_app.services.unit_of_work import Work


@dataclass(frozen=True)
class DriveOverview:
    """An account's Drive.

    Attributes:
        state: ``connected``, ``none``, ``disconnected``, ``revoked`` or ``expired``.
        message: the state in words.
        watches: drop folders, the oldest first.
        grants: every Google account that was connected.
    """

    state: str
    message: str
    email: str | None
    scopes: tuple[str, ...]
    watches: tuple[DropFolder, ...]
    grants: tuple[OAuthGrant, ...]

    @property
    def sees_everything(self) -> bool:
        """Whether files are seen that neither we made nor the person picked for us."""
        return DRIVE_SCOPE in self.scopes


def overview(work: Work, account_id: UUID, *, is_set_up: bool) -> DriveOverview:
    """What an account has connected, and its drop folders there.

    Args:
        work: a transaction.
        account_id: whose.
        is_set_up: whether the operator has set Google up.
    """
    found = grants_with_sources(work, account_id)
    watches: list[DropFolder] = []
    for grant, source in found:
        if source is not None and state_of(grant) != "disconnected":
            rows = DropFolderRepository(work.session).of_source(source.id, enabled=False)
            watches += [row for row in rows if row.removed_at is None]
    first = found[0][0] if found else None
    state = state_of(first) if first is not None else "none"
    gone = first is None or state == "disconnected"
    return DriveOverview(
        state=state,
        message=_words(state, first, is_set_up),
        email=None if gone or first is None else first.email,
        scopes=() if gone or first is None else tuple(first.scopes.split()),
        watches=tuple(watches),
        grants=tuple(grant for grant, _ in found if state_of(grant) != "disconnected"),
    )


def state_of(grant: OAuthGrant) -> str:
    """A grant's state for its owner: one that they gave back themselves is no trouble."""
    if grant.state == "active":
        return "connected"
    return "disconnected" if grant.last_error is None else grant.state


def _words(state: str, grant: OAuthGrant | None, is_set_up: bool) -> str:
    if not is_set_up:
        return (
            "Google Drive is not set up on this Creator. Its operator must set GOOGLE_CLIENT_ID and "
            "GOOGLE_CLIENT_SECRET."
        )
    if state in ("none", "disconnected") or grant is None:
        return "No Google Drive is connected."
    if state in ("revoked", "expired"):
        how = "was taken back" if state == "revoked" else "has run out"
        return (
            f"Our access to the Google Drive of {grant.email or 'your account'} {how}. Connect it again: "
            "everything goes on where it stopped."
        )
    if DRIVE_SCOPE in grant.scopes.split():
        return f"The Google Drive of {grant.email or 'your account'} is connected."
    return (
        f"The Google Drive of {grant.email or 'your account'} is connected. We only see files that Creator "
        "made or that you picked for it: what a phone or a computer puts into a drop folder is not seen."
    )
