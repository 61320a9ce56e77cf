"""canceled in line

Revision: 0005
After: 0004
"""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WHERE = sa.text("status = 'queued' AND cancel_requested_at IS NOT NULL")


def upgrade() -> None:
    """Brings the tables to this version."""
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(
            "ix_job_canceled_in_line", ["id"], unique=False, sqlite_where=_WHERE, postgresql_where=_WHERE
        )


def downgrade() -> None:
    """Takes this version back."""
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_canceled_in_line", sqlite_where=_WHERE, postgresql_where=_WHERE)
