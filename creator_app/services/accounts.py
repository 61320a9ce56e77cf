"""Who may come in: sign-up and login.

`register` and `login` open their own transactions, because between reading and writing they hash a password,
which no transaction may wait for. Sessions and API keys live in `creator_app.services.credentials` and are
named here too: this is the door.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from sqlalchemy import delete
from sqlmodel import col, select

from creator_app.errors import BadCredentials, InvalidInput, NotFound
from creator_app.models import Account, User, UserSession
from creator_app.models.base import utcnow
from creator_app.repositories.users import UserRepository
from creator_app.services import login_failures, passwords, signup
from creator_app.services.credentials import (
    SCOPES,
    create_api_key,
    find_api_key,
    find_session,
    list_api_keys,
    logout,
    mark_seen,
    open_session,
    revoke_api_key,
    seen_is_due,
    user_for_api_key,
    user_for_session,
)
from creator_app.services.passwords import PasswordHash
from creator_app.services.signup import EmailTaken, Rule
from creator_app.services.unit_of_work import UnitOfWork, Work

__all__ = [
    "SCOPES",
    "Registration",
    "SignIn",
    "add_user",
    "create_api_key",
    "find_api_key",
    "find_session",
    "find_user",
    "list_api_keys",
    "list_users",
    "login",
    "logout",
    "mark_seen",
    "open_session",
    "register",
    "revoke_api_key",
    "seen_is_due",
    "set_password",
    "user_for_api_key",
    "user_for_session",
]


# Names that only work inside a network (studio.local) are right for a Creator that runs inside one; the
# library's documentation names this list as the place to say so.
SPECIAL_USE_DOMAIN_NAMES.clear()


class SignupSettings(Protocol):
    """What sign-up needs to know of the settings."""

    @property
    def signup(self) -> Rule:
        """open, invite or closed."""

    @property
    def creator_home(self) -> Path:
        """Where the set-up code lies."""


@dataclass(frozen=True)
class Registration:
    """What a sign-up brings.

    Attributes:
        loopback: whether the request was made on this very machine.
    """

    email: str
    password: str
    loopback: bool
    ip: str = "unknown"
    setup_code: str | None = None
    invite: str | None = None


@dataclass(frozen=True)
class SignIn:
    """What a login brings."""

    email: str
    password: str
    ip: str = "unknown"
    user_agent: str | None = None


def register(uow: UnitOfWork, asked: Registration, settings: SignupSettings) -> User:
    """Makes an account, and its user. The first one that can sign in is the admin.

    Raises:
        InvalidInput: the address or the password won't do.
        SignupClosed, SetupCodeRequired: this caller may not make an account.
        EmailTaken: there is one with this address.
        RateLimited: too many wrong set-up codes.
    """
    email = clean_email(asked.email)
    passwords.check_password(asked.password)
    code_ok = signup.setup_code_matches(settings.creator_home, asked.setup_code)
    guesses = login_failures.key_of("setup-code", asked.ip)
    with uow.read() as work:
        login_failures.check(work, guesses)
    try:
        with uow.read() as work:
            _role(work, asked, settings, code_ok)
            _check_free(work, email)
    except signup.SetupCodeRequired:
        if asked.setup_code:
            with uow.write() as work:
                login_failures.add(work, guesses)
        raise
    hashed = passwords.hash_password(asked.password)
    with uow.write() as work:  # asked again: somebody may have been quicker while the password was hashed
        role = _role(work, asked, settings, code_ok)
        return add_user(work, email, hashed, admin=role == "admin", verified=False)


def login(
    uow: UnitOfWork, asked: SignIn, session_days: int, *, former: str | None = None
) -> tuple[User, str]:
    """Checks a password and opens a session.

    Args:
        uow: opens transactions.
        asked: who comes in.
        session_days: how long the session lives.
        former: the token of the session that this browser had; it ends.

    Returns:
        The user, and the session's token.

    Raises:
        BadCredentials: no such user, or another password; it takes as long either way.
        RateLimited: ten were wrong within 15 minutes, from this address for this e-mail.
    """
    email = asked.email.strip().lower()
    guesses = login_failures.key_of("login", email, asked.ip)
    with uow.read() as work:
        login_failures.check(work, guesses)
        user = UserRepository(work.session).by_email(email)
    right = passwords.verify_password(asked.password, user.password_hash if user else None)
    if user is None or not right or user.disabled_at is not None:
        with uow.write() as work:
            login_failures.add(work, guesses)
        raise BadCredentials()
    fresh = _rehashed(user, asked.password)
    with uow.write() as work:
        login_failures.forget(work, guesses)
        if fresh is not None:
            _store_hash(work, user, fresh)
        if former:
            logout(work, former)
        return user, open_session(work, user, asked.ip, asked.user_agent, session_days)


def add_user(
    work: Work, email: str, password: PasswordHash | str | None, *, admin: bool, verified: bool
) -> User:
    """Makes a user and the account that will own what they make.

    Args:
        work: a transaction.
        email: where to reach them; unique.
        password: hashed already. A plain text is hashed here, inside the transaction: for one-off commands
        only. ``None``: nobody can sign in with a password.
        admin: may see and change everything.
        verified: the address is known to be theirs.

    Raises:
        EmailTaken: there is a user with this address.
        InvalidInput: the address or the password won't do.
    """
    email = clean_email(email)
    _check_free(work, email)
    hashed = passwords.hash_password(password) if isinstance(password, str) else password
    account = Account(name=email.partition("@")[0])
    work.session.add(account)
    work.session.flush()
    user = User(
        account_id=account.id,
        email=email,
        password_hash=hashed.text if hashed else None,
        role="admin" if admin else "creator",
        verified_at=utcnow() if verified else None,
    )
    work.session.add(user)
    work.session.flush()
    return user


def find_user(work: Work, email: str) -> User:
    """Whoever has this address, for an operator.

    Raises:
        NotFound: nobody has.
    """
    user = UserRepository(work.session).by_email(email)
    if user is None:
        raise NotFound(f"Nobody has the address {email}.", hint="`user list` shows the addresses.")
    return user


def list_users(work: Work) -> list[User]:
    """Everybody who has an account, the oldest first, for an operator."""
    return list(work.session.exec(select(User).order_by(col(User.created_at))))


def set_password(work: Work, user: User, password: PasswordHash) -> None:
    """Gives somebody a new password and ends all their sessions: a lost one may be in other hands."""
    user.password_hash = password.text
    work.session.add(user)
    work.session.exec(delete(UserSession).where(col(UserSession.user_id) == user.id))


def clean_email(email: str) -> str:
    """The address as it is stored: checked and in lower case. Names inside a local network are fine.

    Raises:
        InvalidInput: it is none.
    """
    try:
        found = validate_email(email.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        sentence = "This is not an e-mail address."
        raise InvalidInput(
            sentence, hint="For example: you@example.com", fields={"email": sentence}
        ) from error
    return str(found.normalized).lower()


def _role(work: Work, asked: Registration, settings: SignupSettings, code_ok: bool) -> str:
    # Users without a password don't count: the command line makes one for its own jobs, which can't sign in.
    known = work.session.exec(select(User.id).where(col(User.password_hash).is_not(None)).limit(1)).first()
    return signup.role_of(
        first=known is None, loopback=asked.loopback, setup_code_ok=code_ok, rule=settings.signup
    )


def _check_free(work: Work, email: str) -> None:
    if UserRepository(work.session).by_email(email) is not None:
        sentence = "There is already an account with this e-mail."
        raise EmailTaken(sentence, hint="Log in instead.", fields={"email": sentence})


def _rehashed(user: User, password: str) -> PasswordHash | None:
    stale = user.password_hash is not None and passwords.needs_rehash(user.password_hash)
    return passwords.hash_password(password) if stale else None


def _store_hash(work: Work, user: User, fresh: PasswordHash) -> None:
    row = work.session.get(User, user.id)
    if row is not None:
        row.password_hash = fresh.text
        work.session.add(row)


def operators_user(work: Work, email: str | None = None) -> User | None:
    """Whose jobs are those that come from this machine, by command line or watched folder.

    Args:
        work: a transaction.
        email: who is meant; left out: the first admin.

    Returns:
        The user; ``None`` while there is nobody.

    Raises:
        NotFound: nobody has this address.
    """
    # Whoever can sign in comes before the one that a first `run` made for want of anybody.
    cannot_sign_in = col(User.password_hash).is_(None)
    statement = select(User).order_by(col(User.role) != "admin", cannot_sign_in, col(User.created_at))
    if email:
        statement = statement.where(User.email == email.strip().lower())
    user = work.session.exec(statement).first()
    if user is None and email:
        raise NotFound(f"Nobody has the address {email}.", hint="`user add EMAIL` makes an account.")
    return user
