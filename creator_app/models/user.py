"""A person who may sign in."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from creator_app.models.base import foreign_key, id_field, one_of, time_field, utcnow
from creator_app.models.subscription import Subscription


class User(SQLModel, table=True):
    """A person. What they own belongs to their account."""

    __tablename__ = "user"
    __table_args__ = (one_of("role", ("creator", "admin")),)

    id: UUID = id_field()
    account_id: UUID = foreign_key("account.id")
    email: str = Field(unique=True, max_length=320)
    password_hash: str | None = None
    name: str | None = None
    role: str = "creator"
    locale: str = "en"
    time_zone: str = "UTC"
    verified_at: datetime | None = time_field(nullable=True)
    disabled_at: datetime | None = time_field(nullable=True)
    created_at: datetime = time_field()

    def has_active_subscription(self, subscription: Subscription | None) -> bool:
        """Whether this person's account has a subscription that is paid for now.

        Args:
            subscription: the account's newest one (`SubscriptionRepository.of_account`); rows load no rows.
        """
        return (
            subscription is not None
            and subscription.account_id == self.account_id
            and subscription.is_active(utcnow())
        )
