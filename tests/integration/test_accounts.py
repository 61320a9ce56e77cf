"""Sign-up, login, sessions and keys against a real database."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlmodel import select

from creator_app.errors import BadCredentials, RateLimited, SignupClosed
from creator_app.infrastructure.database import Database
from creator_app.infrastructure.migrations import upgrade
from creator_app.models import Account, ApiKey, LoginFailure, User, UserSession
from creator_app.models.base import utcnow
from creator_app.services import accounts, login_failures, passwords
from creator_app.services.accounts import Registration, SignIn
from creator_app.services.signup import EmailTaken, Rule, SetupCodeRequired
from creator_app.services.unit_of_work import Message, UnitOfWork

PASSWORD = "a long enough secret"


class Nobody:
    """Accounts tell nobody anything."""

    def announce(self, message: Message) -> None:
        raise AssertionError(message)


@dataclass
class Rules:
    """The settings that sign-up reads."""

    creator_home: Path
    signup: Rule = "open"


@pytest.fixture
def uow(tmp_path: Path) -> Iterator[UnitOfWork]:
    url = f"sqlite:///{tmp_path / 'creator.db'}"
    upgrade(url)
    database = Database(url)
    yield UnitOfWork(database, Nobody())
    database.engine.dispose()


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "setup_code").write_text("correct-horse\n")
    return Rules(tmp_path)


def asked(name: str = "ann", **more: object) -> Registration:
    return replace(Registration(f"{name}@example.com", PASSWORD, loopback=True), **more)  # type: ignore[arg-type]


def test_the_first_account_from_this_machine_is_the_admin(uow: UnitOfWork, rules: Rules) -> None:
    assert accounts.register(uow, asked("ann"), rules).role == "admin"
    assert accounts.register(uow, asked("bob"), rules).role == "creator"


def test_from_elsewhere_the_first_account_needs_the_code(uow: UnitOfWork, rules: Rules) -> None:
    far = asked(loopback=False)
    with pytest.raises(SetupCodeRequired):
        accounts.register(uow, far, rules)
    with pytest.raises(SetupCodeRequired):
        accounts.register(uow, replace(far, setup_code="wrong"), rules)
    assert accounts.register(uow, replace(far, setup_code=" correct-horse "), rules).role == "admin"
    again = accounts.register(uow, replace(far, email="b@example.com", setup_code="correct-horse"), rules)
    assert again.role == "creator", "the code works once"


def test_the_code_can_not_be_guessed_for_ever(uow: UnitOfWork, rules: Rules) -> None:
    for n in range(login_failures.ALLOWED):
        with pytest.raises(SetupCodeRequired):
            accounts.register(uow, asked(loopback=False, setup_code=f"guess {n}"), rules)
    with pytest.raises(RateLimited):
        accounts.register(uow, asked(loopback=False, setup_code="correct-horse"), rules)


def test_users_without_a_password_do_not_count_as_first(uow: UnitOfWork, rules: Rules) -> None:
    with uow.write() as work:
        accounts.add_user(work, "operator@localhost.localdomain", None, admin=True, verified=True)
    assert accounts.register(uow, asked(), rules).role == "admin"


@pytest.mark.parametrize("rule", ["closed", "invite"])
def test_sign_up_can_be_closed(uow: UnitOfWork, rules: Rules, rule: Rule) -> None:
    accounts.register(uow, asked("ann"), rules)
    rules.signup = rule
    with pytest.raises(SignupClosed):
        accounts.register(uow, asked("bob"), rules)


def test_a_refused_sign_up_leaves_nothing(uow: UnitOfWork, rules: Rules) -> None:
    accounts.register(uow, asked(), rules)
    with pytest.raises(EmailTaken):
        accounts.register(uow, asked(email="ANN@example.com"), rules)
    with uow.read() as work:
        assert (
            len(work.session.exec(select(User)).all()) == len(work.session.exec(select(Account)).all()) == 1
        )


def test_two_at_once_with_one_address_make_one_account(uow: UnitOfWork, rules: Rules) -> None:
    outcomes: list[object] = []

    def sign_up() -> None:
        try:
            outcomes.append(accounts.register(uow, asked(), rules).role)
        except EmailTaken:
            outcomes.append("taken")

    threads = [threading.Thread(target=sign_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["admin", "taken", "taken", "taken"]


def test_a_session_ends(uow: UnitOfWork, rules: Rules) -> None:
    user = accounts.register(uow, asked(), rules)
    _, token = accounts.login(uow, SignIn(user.email, PASSWORD), 30)
    with uow.read() as work:
        found = accounts.user_for_session(work, token)
        assert found is not None and found.id == user.id
        assert work.session.exec(select(UserSession)).one().token_hash != token
    with uow.write() as work:
        row = work.session.exec(select(UserSession)).one()
        row.expires_at = utcnow() - timedelta(seconds=1)
        work.session.add(row)
    with uow.read() as work:
        assert accounts.user_for_session(work, token) is None


def test_who_is_shut_out_is_out_at_once(uow: UnitOfWork, rules: Rules) -> None:
    user = accounts.register(uow, asked(), rules)
    _, token = accounts.login(uow, SignIn(user.email, PASSWORD), 30)
    with uow.write() as work:
        _, key = accounts.create_api_key(work, user, "key", None)
        row = work.session.get(User, user.id)
        assert row is not None
        row.disabled_at = utcnow()
        work.session.add(row)
    with uow.read() as work:
        assert accounts.user_for_session(work, token) is None
        assert accounts.user_for_api_key(work, key) is None
    with pytest.raises(BadCredentials):
        accounts.login(uow, SignIn(user.email, PASSWORD), 30)


def test_failures_are_counted_per_address_and_source(uow: UnitOfWork, rules: Rules) -> None:
    user = accounts.register(uow, asked(), rules)
    wrong = SignIn(user.email, "wrong", ip="203.0.113.1")
    for _ in range(login_failures.ALLOWED):
        with pytest.raises(BadCredentials):
            accounts.login(uow, wrong, 30)
    with pytest.raises(RateLimited) as limited:
        accounts.login(uow, replace(wrong, password=PASSWORD), 30)
    assert limited.value.retry_after_s == 900
    accounts.login(uow, SignIn(user.email, PASSWORD, ip="203.0.113.2"), 30)
    with uow.write() as work:
        for row in work.session.exec(select(LoginFailure)):
            row.at = utcnow() - timedelta(minutes=16)
            work.session.add(row)
    accounts.login(uow, replace(wrong, password=PASSWORD), 30)


def test_a_right_guess_makes_the_wrong_ones_forgotten(uow: UnitOfWork, rules: Rules) -> None:
    user = accounts.register(uow, asked(), rules)
    for _ in range(2):
        for _ in range(login_failures.ALLOWED - 1):
            with pytest.raises(BadCredentials):
                accounts.login(uow, SignIn(user.email, "wrong"), 30)
        accounts.login(uow, SignIn(user.email, PASSWORD), 30)


def test_a_hash_of_former_costs_is_renewed_at_login(uow: UnitOfWork, rules: Rules) -> None:
    user = accounts.register(uow, asked(), rules)
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with uow.write() as work:
        row = work.session.get(User, user.id)
        assert row is not None
        row.password_hash = cheap
        work.session.add(row)
    accounts.login(uow, SignIn(user.email, PASSWORD), 30)
    with uow.read() as work:
        row = work.session.get(User, user.id)
        assert row is not None and row.password_hash != cheap
        assert passwords.verify_password(PASSWORD, row.password_hash)


def test_unknown_addresses_cost_a_hash_too() -> None:
    assert not passwords.verify_password(PASSWORD, None)
    assert not passwords.verify_password("a password that nobody has: " + "x" * 16, None)


def test_a_key_is_kept_as_a_hash(uow: UnitOfWork, rules: Rules) -> None:
    user = accounts.register(uow, asked(), rules)
    with uow.write() as work:
        _, plain = accounts.create_api_key(work, user, " laptop ", ["jobs:read"])
    with uow.read() as work:
        row = work.session.exec(select(ApiKey)).one()
        assert plain not in str(row.model_dump()) and row.name == "laptop"
        found = accounts.user_for_api_key(work, plain)
        assert found is not None and found[0].id == user.id and found[1] == ["jobs:read"]
        assert accounts.user_for_api_key(work, plain[:-1]) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ann@Example.COM ", "ann@example.com"),
        ("x@studio.local", "x@studio.local"),
        ("jörg@müller.de", "jörg@müller.de"),
    ],
)
def test_addresses_are_kept_in_one_form(given: str, kept: str) -> None:
    assert accounts.clean_email(given) == kept
