"""Queries over grants at other services."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from creator_app.models import OAuthFlow, OAuthGrant
from creator_app.repositories.base import BaseRepository


class OAuthGrantRepository(BaseRepository[OAuthGrant]):
    """Reads and writes grants at other services."""

    model = OAuthGrant

    def locked(self, grant_id: UUID) -> OAuthGrant | None:
        """A grant as it is now, for this transaction alone."""
        return self.session.get(OAuthGrant, grant_id, with_for_update=True, populate_existing=True)

    def drives(self, account_id: UUID) -> Sequence[OAuthGrant]:
        """An account's grants for Drive: active ones first, then the newest."""
        statement = select(OAuthGrant).where(
            OAuthGrant.account_id == account_id,
            OAuthGrant.provider == "google",
            OAuthGrant.purpose == "drive",
        )
        found = self.session.exec(statement.order_by(col(OAuthGrant.created_at).desc())).all()
        return sorted(found, key=lambda one: one.state != "active")

    def drive_of(self, account_id: UUID, subject: str) -> OAuthGrant | None:
        """An account's grant for the Drive of one Google account, for this transaction alone."""
        statement = select(OAuthGrant).where(
            OAuthGrant.account_id == account_id,
            OAuthGrant.provider == "google",
            OAuthGrant.purpose == "drive",
            OAuthGrant.subject == subject,
        )
        return self.session.exec(statement.with_for_update()).first()


class OAuthFlowRepository(BaseRepository[OAuthFlow]):
    """Reads and writes ways to Google and back."""

    model = OAuthFlow

    def by_state(self, state_hash: str) -> OAuthFlow | None:
        """The way that has this state, for this transaction alone."""
        return self.session.exec(
            select(OAuthFlow).where(OAuthFlow.state_hash == state_hash).with_for_update()
        ).first()

    def forget_old(self, now: datetime) -> None:
        """Removes those that nobody came back from in time."""
        self.session.exec(delete(OAuthFlow).where(col(OAuthFlow.expires_at) <= now))
