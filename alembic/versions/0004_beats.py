"""beats

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
import sqlmodel

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Brings the tables to this version."""
    op.create_table(
        "beat",
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("part", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_beat")),
    )
    with op.batch_alter_table("beat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_beat_part"), ["part"], unique=False)


def downgrade() -> None:
    """Takes this version back."""
    op.drop_table("beat")
