"""Signed addresses for files that Creator itself hands out."""

import hashlib
import hmac
import time
from urllib.parse import quote, urlencode

#: Where Creator answers signed addresses.
PATH = "/api/v1/files/"


class Signer:
    """Signs a file's key together with the time at which the address ends, in seconds since 1970."""

    def __init__(self, secret: str) -> None:
        # A key of its own, so that a signature here can never be one made elsewhere with the same secret.
        self._key = hmac.digest(secret.encode(), b"creator/storage/signed-url", hashlib.sha256)

    def url(self, key: str, expires_s: int, filename: str | None) -> str:
        """The address, relative to Creator's own."""
        expires = int(time.time()) + expires_s
        query = {"expires": str(expires), "signature": self._sign(key, expires, filename)}
        if filename is not None:
            query["filename"] = filename
        return f"{PATH}{quote(key)}?{urlencode(query)}"

    def verify(self, key: str, expires: int, signature: str, filename: str | None) -> bool:
        """Whether the signature is ours and the time has not come."""
        genuine = hmac.compare_digest(self._sign(key, expires, filename).encode(), signature.encode())
        return genuine and time.time() < expires

    def _sign(self, key: str, expires: int, filename: str | None) -> str:
        # Lengths first: no two sets of values may come to the same text.
        name = "-" if filename is None else f"{len(filename)}:{filename}"
        text = f"{expires}|{len(key)}:{key}|{name}"
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
