"""The courier: looks at folders, fetches what was dropped there, and brings results back."""

from jobs_worker.courier.loop import run

__all__ = ["run"]
