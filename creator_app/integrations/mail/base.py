"""What an e-mail is, and what Creator asks of whoever sends it."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from typing import Protocol

from creator_app.errors import Unavailable


class MailError(Unavailable):
    """An e-mail could not be sent.

    Args:
        message: what went wrong.
        retryable: ``False`` where sending again can't help, such as an address that does not exist.
    """

    code = "mail_error"
    default_message = "The e-mail could not be sent."

    def __init__(
        self,
        message: str | None = None,
        *,
        hint: str | None = None,
        fields: dict[str, str] | None = None,
        retryable: bool = True,
    ) -> None:
        super().__init__(message, hint=hint, fields=fields)
        self.retryable = retryable


@dataclass(frozen=True)
class Email:
    """One e-mail to one person.

    Attributes:
        to: the address.
        subject: one line.
        text: for programs that show no HTML; always there.
        html: the same, prettier.
    """

    to: str
    subject: str
    text: str
    html: str | None = None


class EmailService(Protocol):
    """Sends e-mails."""

    def send(self, email: Email) -> str:
        """Sends one e-mail and returns its Message-ID.

        Raises:
            MailError: it was not taken; ``retryable`` tells whether to try again.
        """


def as_message(email: Email, sender: str) -> EmailMessage:
    """The e-mail in the form that mail servers take.

    Raises:
        MailError: an address or the subject can't be one; not retryable.
    """
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _address(sender)
        message["To"] = _address(email.to)
        message["Subject"] = email.subject
    except (ValueError, IndexError) as error:
        raise MailError("This e-mail's address or subject is not valid.", retryable=False) from error
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or None)
    message.set_content(email.text)
    if email.html:
        message.add_alternative(email.html, subtype="html")
    return message


def _address(text: str) -> Address:
    name, _, spec = text.rpartition("<")
    address = Address(display_name=name.strip().strip('"'), addr_spec=spec.rstrip(">").strip())
    if not address.username or not address.domain:
        raise ValueError("An address needs a name and a domain.")
    return address
