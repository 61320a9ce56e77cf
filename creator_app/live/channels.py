"""The one place that spells the Redis keys and channels of live progress.

Nothing under these names is the truth: all of it may be wiped at any moment, the database row stays.
"""

from typing import Final
from uuid import UUID

SNAPSHOT_TTL_S: Final = 6 * 3600
PREVIEW_TTL_S: Final = 120
#: Wakes couriers; they look by themselves every second or so.
ERRANDS: Final = "creator:errands"
ACCOUNT_PATTERN: Final = "creator:account:*:jobs"


def account_channel(account_id: UUID | str) -> str:
    """The channel on which changes of an account's jobs are published."""
    return f"creator:account:{account_id}:jobs"


def account_of(channel: str) -> str:
    """The account id in a channel's name (the reverse of `account_channel`)."""
    return channel.split(":")[2]


def job_snapshot(job_id: UUID | str) -> str:
    """The hash that holds a running job's latest progress."""
    return f"creator:job:{job_id}:progress"


def job_preview(job_id: UUID | str) -> str:
    """The latest preview picture of a running job, as encoded bytes."""
    return f"creator:job:{job_id}:preview"
