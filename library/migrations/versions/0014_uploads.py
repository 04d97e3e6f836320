"""Uploads into the library, and the rooms that they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rooms", sa.Column("uploads", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=True),
        sa.Column("filename", sa.String(300), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_uploads_session_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_uploads_owner_id"),
        sa.CheckConstraint(
            "state IN ('uploading', 'preparing', 'ready', 'failed', 'quarantined')",
            name=op.f("ck_uploads_state"),
        ),
    )
    op.create_index("ix_uploads_session_id", "uploads", ["session_id"])
    op.create_index("ix_uploads_state_created_at", "uploads", ["state", "created_at"])


def downgrade() -> None:
    op.drop_table("uploads")
    op.drop_column("rooms", "uploads")
