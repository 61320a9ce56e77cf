"""Encrypts single values, such as Google's tokens, for the database.

A ciphertext is ``v1:KEY_ID:TOKEN``. The token is Fernet's (AES-128-CBC and HMAC-SHA256), so that a changed
one is noticed; the id says which key made it, so that keys can be rotated and a missing one is named.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

from cryptography.fernet import Fernet, InvalidToken

from creator_app.errors import EncryptionError

_VERSION: Final = "v1"
# Keys are long and random where Creator makes them; the rounds protect those that a person thought up.
_ROUNDS: Final = 600_000
_SALT: Final = b"creator/encryption/v1"


class Encryptor:
    """Encrypts with the first key, decrypts with any.

    Args:
        keys: secret texts; key derivation happens on first use, once per process for each key.

    Raises:
        EncryptionError: no key was given.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise EncryptionError("There is no encryption key.", hint="Set ENCRYPTION_KEYS.")
        self._keys = tuple(keys)

    @cached_property
    def _ring(self) -> dict[str, Fernet]:
        return dict(_derive(key) for key in self._keys)

    @property
    def current_key_id(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self._ring))

    def encrypt(self, text: str) -> str:
        """Encrypts a text; twice the same text gives two different results."""
        token = self._ring[self.current_key_id].encrypt(text.encode())
        return f"{_VERSION}:{self.current_key_id}:{token.decode()}"

    def decrypt(self, ciphertext: str) -> str:
        """The text that was encrypted.

        Raises:
            EncryptionError: the ciphertext was changed, is none, or its key is not among ours.
        """
        key_id, token = _split(ciphertext)
        fernet = self._ring.get(key_id)
        if fernet is None:
            raise EncryptionError(f"A stored secret was encrypted with key {key_id}, which is not here.")
        try:
            return fernet.decrypt(token.encode()).decode()
        except (InvalidToken, ValueError) as error:
            raise EncryptionError(
                "A stored secret was changed.", hint="Connect the service again."
            ) from error

    def encrypt_dict(self, values: dict[str, Any]) -> str:
        """Encrypts a dictionary of JSON values."""
        return self.encrypt(json.dumps(values, ensure_ascii=False))

    def decrypt_dict(self, ciphertext: str) -> dict[str, Any]:
        """The dictionary that was encrypted.

        Raises:
            EncryptionError: as for `decrypt`, or it was no dictionary.
        """
        try:
            values = json.loads(self.decrypt(ciphertext))
        except json.JSONDecodeError as error:
            raise EncryptionError("A stored secret is not what it should be.") from error
        if not isinstance(values, dict):
            raise EncryptionError("A stored secret is not what it should be.")
        return values

    def rotate(self, ciphertext: str) -> str:
        """The same secret under the first key; unchanged if it is already.

        Raises:
            EncryptionError: as for `decrypt`.
        """
        text = self.decrypt(ciphertext)
        return self.encrypt(text) if self.needs_rotation(ciphertext) else ciphertext

    def needs_rotation(self, ciphertext: str) -> bool:
        """Whether it was made with a key that is not the first.

        Raises:
            EncryptionError: it is no ciphertext.
        """
        return _split(ciphertext)[0] != self.current_key_id

    def __repr__(self) -> str:
        return f"Encryptor({len(self._keys)} keys)"


_current: Encryptor | None = None
_lock = threading.Lock()


def get_encryptor(keys: Sequence[str] | None = None) -> Encryptor:
    """This process's encryptor.

    Args:
        keys: the settings' keys, given by whoever puts the process together; left out: the ones given last.

    Raises:
        EncryptionError: no keys were given, now or before.
    """
    global _current  # noqa: PLW0603 (one per process: deriving keys is slow)
    with _lock:
        if keys is not None and (_current is None or _current._keys != tuple(keys)):
            _current = Encryptor(keys)
        if _current is None:
            raise EncryptionError("There is no encryption key.", hint="Set ENCRYPTION_KEYS.")
        return _current


@lru_cache(maxsize=32)
def _derive(key: str) -> tuple[str, Fernet]:
    secret = hashlib.pbkdf2_hmac("sha256", key.encode(), _SALT, _ROUNDS)
    key_id = hmac.new(secret, b"key id", hashlib.sha256).hexdigest()[:8]
    return key_id, Fernet(base64.urlsafe_b64encode(secret))


def _split(ciphertext: str) -> tuple[str, str]:
    version, _, rest = ciphertext.partition(":")
    key_id, _, token = rest.partition(":")
    if version != _VERSION or not key_id or not token:
        raise EncryptionError("A stored secret is not what it should be.")
    return key_id, token
