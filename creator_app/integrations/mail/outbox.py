"""Keeps e-mails as files where no mail server is set, so that nothing that was meant to be sent is lost."""

import os
import tempfile
import time
from pathlib import Path

from creator_app.integrations.mail.base import Email, MailError, as_message


class OutboxEmailService:
    """See `creator_app.integrations.mail.EmailService`.

    Args:
        folder: gets one ``.eml`` file for each e-mail; names sort by time.
        sender: the From address.
    """

    def __init__(self, folder: Path, sender: str | None = None) -> None:
        self._folder = folder
        self._sender = sender or "creator@localhost"

    def send(self, email: Email) -> str:
        """Writes the e-mail whole or not at all."""
        message = as_message(email, self._sender)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=f"{time.time_ns()}-", suffix=".part")
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.as_bytes())
            Path(name).rename(Path(name).with_suffix(".eml"))
        except OSError as error:
            raise MailError(f"The e-mail could not be kept: {error.strerror}.") from error
        return str(message["Message-ID"])
