"""Safety copies of lectures, beside their sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from library.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "copies",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_copies"),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_copies_session_id"),
        sa.CheckConstraint("state IN ('uploading', 'whole')", name=op.f("ck_copies_state")),
    )
    op.create_index("ix_copies_session_id", "copies", ["session_id"])


def downgrade() -> None:
    op.drop_table("copies")
