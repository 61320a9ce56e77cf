"""Sessions and API keys: random secrets of which the database keeps only the SHA-256."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from creator_app.errors import InvalidInput, NotFound
from creator_app.models import ApiKey, User, UserSession
from creator_app.models.base import utcnow
from creator_app.services.unit_of_work import Work

SCOPES = ("jobs:read", "jobs:write", "recipes:read", "account")
KEY_PREFIX = "crt_"
SEEN_EVERY = timedelta(minutes=5)
_SHOWN = 12


def open_session(work: Work, user: User, ip: str | None, user_agent: str | None, days: int) -> str:
    """Opens a session of ``days`` days and returns its token, which is nowhere else."""
    token, now = secrets.token_urlsafe(32), utcnow()
    work.session.exec(delete(UserSession).where(col(UserSession.expires_at) < now))
    row = UserSession(
        user_id=user.id,
        token_hash=hash_secret(token),
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(days=days),
        ip=ip,
        user_agent=(user_agent or "")[:255] or None,
    )
    work.session.add(row)
    work.session.flush()
    return token


def find_session(work: Work, token: str) -> tuple[UserSession, User] | None:
    """The living session of a token, and its user."""
    statement = (
        select(UserSession, User)
        .join(User, col(User.id) == col(UserSession.user_id))
        .where(UserSession.token_hash == hash_secret(token), col(UserSession.expires_at) > utcnow())
        .where(col(User.disabled_at).is_(None))
    )
    found = work.session.exec(statement).first()
    return (found[0], found[1]) if found else None


def user_for_session(work: Work, token: str) -> User | None:
    """The user of a session token; ``None`` when it has ended or the user was shut out."""
    found = find_session(work, token)
    return found[1] if found else None


def logout(work: Work, token: str) -> None:
    """Ends a session at once, in every open tab."""
    work.session.exec(delete(UserSession).where(col(UserSession.token_hash) == hash_secret(token)))


def create_api_key(work: Work, user: User, name: str, scopes: Sequence[str] | None) -> tuple[ApiKey, str]:
    """Makes a key.

    Args:
        work: a transaction.
        user: whose.
        name: what the user calls it.
        scopes: what it may do; everything where ``None``.

    Returns:
        Its row, and the key itself, which is nowhere else.

    Raises:
        InvalidInput: a scope is unknown, or there is none.
    """
    wanted = list(SCOPES if scopes is None else dict.fromkeys(scopes))
    if not wanted or set(wanted) - set(SCOPES):
        sentence = f"The scopes are: {', '.join(SCOPES)}."
        raise InvalidInput("There is no such scope.", hint=sentence, fields={"scopes": sentence})
    plain = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        user_id=user.id,
        account_id=user.account_id,
        name=name.strip() or "key",
        prefix=plain[:_SHOWN],
        key_hash=hash_secret(plain),
        scopes=wanted,
    )
    work.session.add(row)
    work.session.flush()
    return row, plain


def find_api_key(work: Work, key: str) -> tuple[ApiKey, User] | None:
    """The key that is not revoked, and its user."""
    if not key.startswith(KEY_PREFIX):
        return None
    statement = (
        select(ApiKey, User)
        .join(User, col(User.id) == col(ApiKey.user_id))
        .where(ApiKey.key_hash == hash_secret(key), col(ApiKey.revoked_at).is_(None))
        .where(col(User.disabled_at).is_(None))
    )
    found = work.session.exec(statement).first()
    return (found[0], found[1]) if found else None


def user_for_api_key(work: Work, key: str) -> tuple[User, list[str]] | None:
    """The user of an API key and what the key may do; ``None`` when it is none of ours or was revoked."""
    found = find_api_key(work, key)
    return (found[1], list(found[0].scopes)) if found else None


def list_api_keys(work: Work, user_id: UUID) -> list[ApiKey]:
    """A user's keys that are not revoked, newest first."""
    statement = select(ApiKey).where(ApiKey.user_id == user_id, col(ApiKey.revoked_at).is_(None))
    return list(work.session.exec(statement.order_by(col(ApiKey.created_at).desc(), col(ApiKey.id).desc())))


def revoke_api_key(work: Work, user_id: UUID, key_id: UUID) -> None:
    """Revokes a user's key.

    Raises:
        NotFound: the user has no such key.
    """
    row = work.session.get(ApiKey, key_id)
    if row is None or row.user_id != user_id or row.revoked_at is not None:
        raise NotFound("There is no such API key.", hint="Your keys are listed at GET /api/v1/api-keys.")
    row.revoked_at = utcnow()
    work.session.add(row)
    work.session.flush()


def seen_is_due(row: UserSession | ApiKey) -> bool:
    """Whether it is time to write down that a session or a key is in use: not at each request."""
    seen = row.last_used_at if isinstance(row, ApiKey) else row.last_seen_at
    return seen is None or utcnow() - seen > SEEN_EVERY


def mark_seen(work: Work, row: UserSession | ApiKey) -> None:
    """Writes down that a session or a key is in use."""
    if isinstance(row, ApiKey):
        statement = update(ApiKey).where(col(ApiKey.id) == row.id).values(last_used_at=utcnow())
    else:
        statement = update(UserSession).where(col(UserSession.id) == row.id).values(last_seen_at=utcnow())
    work.session.exec(statement)


def hash_secret(secret: str) -> str:
    """What the database keeps of a random secret. No salt, no cost: 256 bits can't be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
