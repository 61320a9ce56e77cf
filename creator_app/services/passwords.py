"""Hashes passwords with argon2id. Slow on purpose: never call it inside a transaction."""

import threading
from dataclasses import dataclass
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from creator_app.errors import InvalidInput

MIN_LENGTH = 8
MAX_LENGTH = 1024
_MIN_DIFFERENT = 4
# The heads of every published list of leaked passwords that are long enough for us.
_LEAKED = """
password password1 password12 password123 passw0rd p@ssword p@ssw0rd 12345678 123456789 1234567890 qwertyui
qwertyuiop qwerty12 qwerty123 1q2w3e4r 1qaz2wsx asdfghjk asdfghjkl iloveyou sunshine princess football
baseball superman trustno1 welcome1 letmein1 admin123 administrator changeme
"""
_TRIED_FIRST = frozenset(_LEAKED.split())

# OWASP's second choice for argon2id (19 MiB, 2 passes): with the gate below a flood of logins can't eat the
# memory.
_MEMORY_KIB = 19 * 1024
_gate = threading.BoundedSemaphore(4)


@dataclass(frozen=True)
class PasswordHash:
    """A password that has been hashed already, ready to be stored."""

    text: str


def check_password(password: str) -> None:
    """Checks that a new password may be used.

    Raises:
        InvalidInput: it is too short, too long or known to everybody; names the field.
    """
    if len(password) < MIN_LENGTH:
        sentence = f"A password needs at least {MIN_LENGTH} characters."
    elif len(password) > MAX_LENGTH:
        sentence = f"A password may have at most {MAX_LENGTH} characters."
    elif len(set(password)) < _MIN_DIFFERENT or password.lower() in _TRIED_FIRST:
        sentence = "This password is one of the first that anybody would try."
    else:
        return
    raise InvalidInput(
        sentence,
        hint="A few words that only you would put together work well.",
        fields={"password": sentence},
    )


def hash_password(password: str) -> PasswordHash:
    """Hashes a new password (about 30 ms).

    Raises:
        InvalidInput: the password may not be used.
    """
    check_password(password)
    with _gate:
        return PasswordHash(_hasher().hash(password))


def verify_password(password: str, known: str | None) -> bool:
    """Whether ``password`` is the one that ``known`` was made from.

    Takes as long when there is none, so that the time tells nobody which addresses have an account.
    """
    hasher = _hasher()
    with _gate:
        try:
            return hasher.verify(known or _nobodys_hash(), password[: MAX_LENGTH + 1]) and known is not None
        except (Argon2Error, InvalidHashError):
            return False


def needs_rehash(known: str) -> bool:
    """Whether a hash was made with other costs than today's."""
    return _hasher().check_needs_rehash(known)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=_MEMORY_KIB, parallelism=1)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash("a password that nobody has: " + "x" * 16)
