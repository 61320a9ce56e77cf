"""From settings to a service that sends e-mails."""

from pathlib import Path

from creator_app.integrations.mail.base import EmailService
from creator_app.integrations.mail.outbox import OutboxEmailService
from creator_app.integrations.mail.smtp import SmtpEmailService


def get_email_service(smtp_url: str | None, outbox: Path, sender: str | None = None) -> EmailService:
    """The service that the settings ask for; nothing is connected to yet.

    Args:
        smtp_url: the mail server; ``None``: e-mails are kept in ``outbox``.
        outbox: a folder.
        sender: the From address, such as ``Creator <creator@example.org>``.
    """
    return SmtpEmailService(smtp_url, sender) if smtp_url else OutboxEmailService(outbox, sender)
