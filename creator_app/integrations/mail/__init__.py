"""Sends e-mails: through a mail server, or into a folder where none is set."""

from creator_app.integrations.mail.base import Email, EmailService, MailError
from creator_app.integrations.mail.opening import get_email_service
from creator_app.integrations.mail.outbox import OutboxEmailService
from creator_app.integrations.mail.smtp import SmtpEmailService

__all__ = [
    "Email",
    "EmailService",
    "MailError",
    "OutboxEmailService",
    "SmtpEmailService",
    "get_email_service",
]
