"""Queries over subscriptions."""

from uuid import UUID

from sqlmodel import col, select

from creator_app.models import Subscription
from creator_app.repositories.base import BaseRepository


class SubscriptionRepository(BaseRepository[Subscription]):
    """Finds what accounts pay for."""

    model = Subscription

    def of_account(self, account_id: UUID) -> Subscription | None:
        """The account's newest subscription."""
        statement = select(Subscription).where(Subscription.account_id == account_id)
        return self.session.exec(statement.order_by(col(Subscription.period_start).desc()).limit(1)).first()
