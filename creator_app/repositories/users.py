"""Queries over people."""

from sqlmodel import col, select

from creator_app.models import User
from creator_app.repositories.base import BaseRepository


class UserRepository(BaseRepository[User]):
    """Finds people."""

    model = User

    def by_email(self, email: str) -> User | None:
        """The person with this address, however it is capitalised."""
        return self.session.exec(select(User).where(User.email == email.strip().lower())).first()

    def first_admin(self) -> User | None:
        """The admin who was there first."""
        statement = select(User).where(User.role == "admin").order_by(col(User.created_at)).limit(1)
        return self.session.exec(statement).first()
