"""Which generations of backups there are, and what became of each backup and proof."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0020"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backup_generations",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(50), nullable=False),
        sa.Column("objects", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("bytes_new", sa.BigInteger(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backup_generations"),
    )
    op.create_index("ix_backup_generations_at", "backup_generations", ["at"])
    op.create_table(
        "backup_results",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("generation", sa.String(100), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_backup_results"),
        sa.CheckConstraint(
            "kind IN ('backup', 'proof', 'verify', 'drill')", name=op.f("ck_backup_results_kind")
        ),
    )
    op.create_index("ix_backup_results_kind_at", "backup_results", ["kind", "at"])


def downgrade() -> None:
    op.drop_table("backup_results")
    op.drop_table("backup_generations")
