"""What every repository can do, and the rules that the tables keep by themselves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from creator_app.infrastructure.database import Database
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import Account, LedgerEntry, OAuthGrant, Subscription, User
from creator_app.models.base import new_id, utcnow
from creator_app.repositories import (
    AccountRepository,
    LedgerRepository,
    SubscriptionRepository,
    UserRepository,
)


@pytest.fixture
def database(ready_url: str) -> Iterator[Database]:
    upgrade(ready_url)
    database = Database(ready_url)
    yield database
    database.close()


def person(session: Session, email: str, role: str = "creator") -> User:
    account = AccountRepository(session).create(Account(name=email))
    return UserRepository(session).create(User(account_id=account.id, email=email, role=role))


def test_the_generic_queries(database: Database) -> None:
    with database.write() as session:
        accounts = AccountRepository(session)
        one = accounts.create(Account(name="one"))
        accounts.bulk_create([Account(name="two"), Account(name="two")])
        assert accounts.find_by_id(one.id) is one
        assert accounts.find_by_id(new_id()) is None
        assert accounts.count() == 3
        assert accounts.count(name="two") == 2
        assert accounts.exists(name="one")
        assert [row.name for row in accounts.find_all(limit=2)] == ["one", "two"]
        accounts.update(one, name="uno")
        assert accounts.exists(name="uno")
        accounts.delete(one)
        assert accounts.count() == 2


def test_a_column_that_is_not_there_is_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(AttributeError):
        AccountRepository(session).update(Account(name="x"), colour="red")


def test_people_are_found_by_address_in_any_capitals(database: Database) -> None:
    with database.write() as session:
        ann = person(session, "ann@example.org")
        root = person(session, "root@example.org", role="admin")
        assert UserRepository(session).by_email(" Ann@Example.ORG ") is ann
        assert UserRepository(session).first_admin() is root


def test_an_address_belongs_to_one_person(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        person(session, "ann@example.org")
        person(session, "ann@example.org")


def test_a_word_that_is_no_role_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        person(session, "ann@example.org", role="king")


def test_deleting_an_account_keeps_the_ledgers_figures(database: Database) -> None:
    with database.write() as session:
        account = AccountRepository(session).create(Account(name="gone"))
        LedgerRepository(session).create(LedgerEntry(account_id=account.id, kind="grant", credits=7))
        AccountRepository(session).delete(account)
    with database.read() as session:
        (entry,) = LedgerRepository(session).find_all()
        assert (entry.account_id, entry.credits) == (None, 7)


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    with database.write() as session:
        account = AccountRepository(session).create(Account(name="t", served_at=moment))
    with database.read() as session:
        assert session.get_one(Account, account.id).served_at == moment
    with pytest.raises(Exception, match="without a zone"), database.write() as session:
        session.add(Account(name="n", served_at=datetime(2026, 1, 1)))


def test_a_subscription_counts_what_was_used(database: Database) -> None:
    now = utcnow()
    with database.write() as session:
        user = person(session, "ann@example.org")
        plan = SubscriptionRepository(session).create(
            Subscription(
                account_id=user.account_id, plan="small", jobs_limit=1, period_end=now + timedelta(days=1)
            )
        )
        found = SubscriptionRepository(session).of_account(user.account_id)
        assert found is plan
        assert user.has_active_subscription(found)
        assert not user.has_active_subscription(None)
        assert plan.can_run_job(now)
        plan.increment_usage()
        assert not plan.can_run_job(now)
        assert not plan.is_active(now + timedelta(days=2))


def test_a_token_is_refreshed_before_it_ends() -> None:
    now = utcnow()
    grant = OAuthGrant(
        user_id=new_id(), account_id=new_id(), provider="google", purpose="drive", subject="s",
        access_token_encrypted="x", expires_at=now + timedelta(hours=1),
    )  # fmt: skip
    assert not grant.needs_token_refresh(now)
    assert grant.needs_token_refresh(now + timedelta(minutes=56))
