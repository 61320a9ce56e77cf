"""Queries over the audit log."""

from creator_app.models import AuditLog
from creator_app.repositories.base import BaseRepository


class AuditLogRepository(BaseRepository[AuditLog]):
    """Reads and writes the audit log."""

    model = AuditLog
