"""Sends through a mail server, with yagmail for the connection."""

import smtplib
import ssl
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import yagmail

from creator_app.integrations.mail.base import Email, MailError, as_message

_TIMEOUT_S: Final = 15


class SmtpEmailService:
    """See `creator_app.integrations.mail.EmailService`. One connection for each e-mail.

    Args:
        url: ``smtp://user:password@host:587?starttls=1`` or ``smtps://…``; without STARTTLS only where the
            address says ``starttls=0``, or names no user and port 25 or another.
        sender: the From address; the user's where left out.
    """

    def __init__(self, url: str, sender: str | None = None) -> None:
        parts = urlsplit(url)
        user = unquote(parts.username or "")
        self._host = parts.hostname or "localhost"
        self._sender = sender or (user if "@" in user else f"creator@{self._host}")
        self._options = _options(parts.scheme == "smtps", user, parse_qs(parts.query))
        self._options["password"] = unquote(parts.password or "")
        self._options["port"] = parts.port or (465 if parts.scheme == "smtps" else 587)

    def send(self, email: Email) -> str:
        """Connects, sends and hangs up."""
        message = as_message(email, self._sender)
        try:
            # yagmail's own send() would put the HTML into the text part, and tell of some failures by False.
            with yagmail.SMTP(host=self._host, **self._options) as client:
                client.user = self._options["user"]  # it makes "creator" into "creator@gmail.com"
                client.login()
                client.smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise MailError("The mail server refuses this address.", retryable=code < 500) from error
        except smtplib.SMTPResponseException as error:
            # An operator can mend a refused login: such e-mails wait.
            retryable = error.smtp_code < 500 or isinstance(error, smtplib.SMTPAuthenticationError)
            raise MailError(f"The mail server answered {error.smtp_code}.", retryable=retryable) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailError(f"The mail server {self._host} can't be used: {_reason(error)}.") from error
        return str(message["Message-ID"])


def _options(tls: bool, user: str, query: dict[str, list[str]]) -> dict[str, Any]:
    # yagmail's own context for STARTTLS would take any certificate.
    context = ssl.create_default_context()
    options: dict[str, Any] = {
        "user": user,
        "smtp_skip_login": not user,
        "smtp_ssl": tls,
        "soft_email_validation": False,
        "timeout": _TIMEOUT_S,
    }
    starttls = query.get("starttls", ["1" if user and not tls else "0"])[-1] not in ("0", "false", "no")
    options["smtp_starttls"] = {"context": context} if starttls else False
    if tls:
        options["context"] = context
    return options


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
